import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { type Principal, type UsageRecord, usageKeys } from '@wakefield/domain';
import { apiSuite } from '../../../test/api-suite.ts';

const people: Readonly<Record<string, Principal>> = {
  anna: { kind: 'user', id: 'lexis:anna', grants: [{ project: 'demo', role: 'user' }] },
  boss: { kind: 'user', id: 'lexis:boss', grants: [{ project: 'demo', role: 'manager' }] },
  guest: { kind: 'user', id: 'lexis:guest', grants: [{ project: 'demo', role: 'viewer' }] },
  root: { kind: 'static', id: 'local', grants: [{ project: '*', role: 'admin' }] },
};
const api = apiSuite({
  projects: ['demo', 'quiet'],
  identifier: {
    identify: (authorization) =>
      people[authorization?.slice('Bearer '.length) ?? ''] ?? people.root ?? null,
  },
});

const hour = 3_600_000;
const day = Date.UTC(2026, 10, 20);

function record(over: Partial<UsageRecord>): UsageRecord {
  return {
    id: randomUUID(),
    at: day + 90 * 60_000,
    project: 'demo',
    hfModelId: 'acme/small',
    service: null,
    principal: 'lexis:anna',
    operation: 'chat/completions',
    status: 200,
    outcome: 'complete',
    streamed: true,
    promptTokens: 100,
    completionTokens: 20,
    cachedTokens: 50,
    estimated: false,
    durationMs: 1500,
    firstByteMs: 250,
    heldMs: 0,
    bytesUp: 0,
    bytesDown: 0,
    ...over,
  };
}

beforeAll(async () => {
  await api.store.stores.usage.add([
    record({}),
    record({ hfModelId: 'acme/large', principal: 'lexis:boss' }),
    record({ status: 499, outcome: 'client_left', estimated: true, completionTokens: 0 }),
    record({
      at: day + 25 * hour,
      status: 404,
      outcome: 'refused',
      promptTokens: 0,
      completionTokens: 0,
    }),
    record({ project: 'other' }),
    record({
      ...{ hfModelId: null, service: randomUUID(), operation: 'service', principal: 'lexis:boss' },
      ...{ at: day + 25 * hour, promptTokens: 0, completionTokens: 0, cachedTokens: 0 },
      ...{ bytesUp: 10, bytesDown: 3_000_000_000, durationMs: 500, firstByteMs: null },
    }),
  ]);
});

const span = 'from=2026-11-20&to=2026-11-22';
const usage = (query: string, as = 'root') =>
  api.call('GET', `/p/demo/usage?${query}`, { key: as });

describe('GET /p/:project/usage', () => {
  it('sums up what the project asked', async () => {
    const { status, body } = await usage(span);
    expect(status).toBe(200);
    expect(body).toEqual({
      project: 'demo',
      from: '2026-11-20T00:00:00.000Z',
      to: '2026-11-22T00:00:00.000Z',
      kept_from: expect.any(String),
      of: 'everybody',
      totals: {
        requests: {
          total: 5,
          services: 1,
          ok: 3,
          client_error: 1,
          server_error: 0,
          left: 1,
          lost: 0,
          cut: 0,
          estimated: 1,
        },
        tokens: {
          prompt: 300,
          completion: 40,
          total: 340,
          cached: 200,
          estimated: 100,
          estimated_share: 0.2941,
        },
        seconds: { total: 6.5, first_byte: 1, first_bytes: 4, held: 0 },
        bytes: { up: 10, down: 3_000_000_000 },
      },
      groups: [],
    });
  });

  it.each(usageKeys)('tells by %s', async (key) => {
    const { body } = await usage(`${span}&group_by=${key}`);
    expect(body.groups).toHaveLength(key === 'model' ? 3 : 2);
    expect(Object.keys(body.groups[0]).sort()).toEqual(
      [key, 'bytes', 'requests', 'seconds', 'tokens'].sort(),
    );
    const total = body.groups.reduce(
      (sum: number, { requests }: { requests: { total: number } }) => sum + requests.total,
      0,
    );
    expect(total).toBe(5);
  });

  it('tells by several at once, page by page', async () => {
    const all = await usage(`${span}&group_by=model,day`);
    expect(all.body.groups.map(({ model, day: first }: never) => [model, first])).toEqual([
      [null, '2026-11-21T00:00:00.000Z'],
      ['acme/large', '2026-11-20T00:00:00.000Z'],
      ['acme/small', '2026-11-20T00:00:00.000Z'],
      ['acme/small', '2026-11-21T00:00:00.000Z'],
    ]);
    expect(all.headers.get('link')).toBeNull();
    const first = await usage(`${span}&group_by=model,day&limit=2`);
    expect(first.body.groups).toEqual(all.body.groups.slice(0, 2));
    const link = /^<(.*)>; rel="next"$/.exec(first.headers.get('link') ?? '')?.[1] ?? '';
    const second = await api.call('GET', link);
    expect(second.body.groups).toEqual(all.body.groups.slice(2));
    expect(second.body.totals).toEqual(all.body.totals);
    expect(second.headers.get('x-next-after')).toBeNull();
  });

  it('shows whoever does not manage the project what is their own', async () => {
    const own = await usage(`${span}&group_by=user`, 'anna');
    expect(own.body).toMatchObject({ of: 'own', totals: { requests: { total: 3 } } });
    expect(own.body.groups.map(({ user }: { user: string }) => user)).toEqual(['lexis:anna']);
    const boss = await usage(`${span}&group_by=user`, 'boss');
    expect(boss.body).toMatchObject({ of: 'everybody', totals: { requests: { total: 5 } } });
    const guest = await usage(span, 'guest');
    expect(guest.body).toMatchObject({ of: 'own', totals: { requests: { total: 0 } } });
  });

  it('is nobody else’s', async () => {
    const { status, body } = await api.call('GET', '/p/quiet/usage', { key: 'boss' });
    expect([status, body.error.code]).toEqual([404, 'project_not_found']);
    expect((await api.call('GET', '/p/nowhere/usage')).status).toBe(404);
  });

  it('is of the last 30 days where nothing else is said, and of whole hours', async () => {
    const { body } = await api.call('GET', '/p/quiet/usage');
    const [from, to] = [Date.parse(body.from), Date.parse(body.to)];
    expect(to - from).toBe(30 * 24 * hour);
    expect(to % hour).toBe(0);
    expect(to).toBeGreaterThan(Date.now() - 1);
    expect(to).toBeLessThanOrEqual(Date.now() + hour);
    const within = await usage('from=2026-11-20T01:59:59Z&to=2026-11-20T01:59:59.500Z');
    expect(within.body).toMatchObject({
      from: '2026-11-20T01:00:00.000Z',
      to: '2026-11-20T02:00:00.000Z',
      totals: { requests: { total: 3 } },
    });
  });

  it('tells from when on sums are there, so that nobody takes what was deleted for nothing', async () => {
    const before = Date.now();
    const { body } = await usage('from=2026-01-01&to=2026-06-01');
    const keptFrom = Date.parse(body.kept_from);
    expect(keptFrom % hour).toBe(0);
    expect(keptFrom).toBeGreaterThanOrEqual(before - 30 * 24 * hour);
    expect(keptFrom).toBeLessThan(Date.now() - 30 * 24 * hour + hour);
  });

  it.each([
    ['from=yesterday', 'from'],
    ['from=2026-02-31', 'from'],
    ['from=0000-01-01&to=0000-01-02', 'from'],
    ['to=2026-11-20T00:00:00%2B01:00', 'to'],
    ['from=2026-11-20&to=2026-11-20', 'from'],
    ['from=2026-11-21&to=2026-11-20', 'from'],
    ['from=2999-01-01', 'from'],
    ['from=2024-01-01&to=2026-01-01', 'from'],
    ['group_by=colour', 'group_by'],
    ['group_by=model,,day', 'group_by'],
    ['group_by=', 'group_by'],
    ['group_by=model,model', 'group_by'],
    ['group_by=model&limit=0', 'limit'],
    ['group_by=model&limit=1001', 'limit'],
    ['group_by=model&after=nonsense', 'after'],
    ['group_by=model&after=WzFd', 'after'],
    ['group_by=model,day&after=WyJhIl0', 'after'],
    ['after=W10', 'after'],
    [`group_by=model&after=${Buffer.from('["\\u0000"]').toString('base64url')}`, 'after'],
    ['groupby=model', 'groupby'],
    ['from=2026-11-20&from=2026-11-21', 'from'],
  ])('refuses %s by name', async (query, param) => {
    const { status, body } = await usage(query);
    expect([status, body.error.code, body.error.param]).toEqual([400, 'invalid_request', param]);
    expect(body.error.message).toContain(param);
  });
});
