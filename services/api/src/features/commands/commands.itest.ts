import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { apiSuite } from '../../../test/api-suite.ts';

const api = apiSuite({ projects: ['demo', 'other'] });

const models = '/p/demo/models';
const body = (hf_model_id: string, more: object = {}) => ({
  hf_model_id,
  gpu_count: 1,
  engine: 'simulator',
  ...more,
});

describe('Idempotency-Key', () => {
  it('acts once and answers the same for the same request', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const first = await api.call('PUT', models, { body: body('a/once'), headers });
    const again = await api.call('PUT', models, { body: body('a/once'), headers });
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.body).toEqual(first.body);
    expect(first.headers.get('idempotency-replayed')).toBeNull();
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(again.headers.get('location')).toBe(first.headers.get('location'));
    // Written in another order, with defaults spelt out: still the same request.
    const spelt = { autoscale: false, ...body('a/once') };
    const third = await api.call('PUT', models, { body: spelt, headers });
    expect(third.status).toBe(201);
    const rows = await api.store.sql(
      `select 1 from commands where body->'spec'->>'hfModelId' = 'a/once'`,
    );
    expect(rows).toHaveLength(1);
  });

  it('acts once for two requests at the same time', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => api.call('PUT', models, { body: body('a/race'), headers })),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(201));
    const replayed = answers.filter(({ headers: h }) => h.get('idempotency-replayed') === 'true');
    expect(replayed).toHaveLength(7);
  });

  it('repeats a 202, a 204 and a rejection', async () => {
    await api.call('PUT', models, { body: body('a/repeat') });
    const twice = async (method: string, path: string, payload: object) => {
      const headers = { 'idempotency-key': randomUUID() };
      const first = await api.call(method, path, { body: payload, headers });
      const again = await api.call(method, path, { body: payload, headers });
      expect(again.status).toBe(first.status);
      expect(again.headers.get('idempotency-replayed')).toBe('true');
      return [first, again] as const;
    };
    const [scaled, rescaled] = await twice('POST', `${models}/scale`, {
      hf_model_id: 'a/repeat',
      replicas: 2,
    });
    expect(rescaled.body).toEqual(scaled.body);
    expect((await twice('DELETE', models, { hf_model_id: 'a/repeat' }))[1].status).toBe(204);
    const [lost, lostAgain] = await twice('POST', models, { hf_model_id: 'a/repeat' });
    expect(lost.status).toBe(404);
    expect(lostAgain.body.error.code).toBe(lost.body.error.code);
  });

  it('does not hold a cluster that could not be asked against the next try', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const activate = () =>
      api.call('POST', '/p', { body: { project: 'far', cluster: 'away' }, headers });
    for (const answer of [await activate(), await activate()]) {
      expect([answer.status, answer.body.error.code]).toEqual([503, 'cluster_unreachable']);
      expect(answer.headers.get('idempotency-replayed')).toBeNull();
    }
    const rows = await api.store.sql("select 1 from commands where project = 'far'");
    expect(rows).toHaveLength(2);
  });

  it.each([
    ['another body', models, body('a/key', { gpu_count: 2 })],
    ['another model', models, body('a/key2')],
    ['another project', '/p/other/models', body('a/key')],
  ])('refuses %s with the same key', async (_what, path, payload) => {
    const headers = { 'idempotency-key': randomUUID() };
    await api.call('PUT', models, { body: body('a/key'), headers });
    const answer = await api.call('PUT', path, { body: payload, headers });
    expect(answer.status).toBe(409);
    expect(answer.body.error).toMatchObject({
      code: 'idempotency_key_reused',
      param: 'Idempotency-Key',
    });
  });

  it.each(['x'.repeat(256), 'a b', 'ü'])('refuses the key %j', async (key) => {
    const headers = { 'idempotency-key': key };
    const answer = await api.call('PUT', models, { body: body('a/key'), headers });
    expect(answer.status).toBe(400);
    expect(answer.body.error.param).toBe('Idempotency-Key');
    expect(answer.body.error.message).toMatch(/^Idempotency-Key /);
  });
});

describe('commands of a project', () => {
  it('are listed newest first, in pages', async () => {
    await api.call('POST', '/p', { body: { project: 'paged' } });
    for (let n = 0; n < 5; n += 1) {
      await api.call('PUT', '/p/paged/models', { body: body(`a/${n}`) });
    }
    const all = (await api.call('GET', '/p/paged/commands')).body;
    expect(all.map(({ hf_model_id }: { hf_model_id: string }) => hf_model_id)).toEqual([
      'a/4',
      'a/3',
      'a/2',
      'a/1',
      'a/0',
      null,
    ]);
    const first = await api.call('GET', '/p/paged/commands?limit=4');
    const link = first.headers.get('link')?.match(/^<(.*)>; rel="next"$/)?.[1] ?? '';
    const second = await api.call('GET', link);
    expect([...first.body, ...second.body]).toEqual(all);
    expect(second.headers.get('link')).toBeNull();
  });

  it('that activate a project are shown before it is there, to who may see it', async () => {
    const id = randomUUID();
    await api.store.stores.commands.insert({
      id,
      project: 'to-come',
      body: { kind: 'activate', cluster: null },
      by: 'local',
      traceId: 'a'.repeat(32),
      idempotencyKey: null,
      acceptedAt: Date.now(),
    });
    const { status, body: shown } = await api.call('GET', `/p/to-come/commands/${id}`);
    expect([status, shown]).toEqual([200, expect.objectContaining({ id, kind: 'activate' })]);
    const other = await api.call('GET', `/p/to-come/commands/${randomUUID()}`);
    expect(other.body.error.code).toBe('project_not_found');
  });

  it('are not shown to another project, nor found when there is none', async () => {
    const [{ id }] = (await api.call('GET', '/p/demo/commands?limit=1')).body;
    for (const path of [`/p/other/commands/${id}`, `/p/demo/commands/${randomUUID()}`]) {
      const answer = await api.call('GET', path);
      expect(answer.status).toBe(404);
      expect(answer.body.error).toMatchObject({ code: 'command_not_found', param: 'id' });
    }
    const after = await api.call('GET', `/p/other/commands?after=${id}`);
    expect(after.body.error).toMatchObject({ code: 'command_not_found', param: 'after' });
    expect((await api.call('GET', '/p/demo/commands/nonsense')).status).toBe(400);
    expect((await api.call('GET', '/p/demo/commands?limit=201')).body.error.param).toBe('limit');
  });

  it('carry the trace of the request', async () => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    const headers = { traceparent: `00-${traceId}-00f067aa0ba902b7-01` };
    await api.call('PUT', models, { body: body('a/traced'), headers });
    const [command] = (await api.call('GET', '/p/demo/commands?limit=1')).body;
    expect(command).toMatchObject({ hf_model_id: 'a/traced', trace_id: traceId });
  });
});
