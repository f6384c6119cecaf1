import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { storeFixture, testRedis } from '@wakefield/testkit';
import { type ApiFixture, apiFixture, KEY } from '../../../test/api-fixture.ts';

// A loaded machine may be slow; a test that hangs is told by it all the same.
jest.setTimeout(30_000);

const redis = testRedis();
let store: Awaited<ReturnType<typeof storeFixture>>;
let api: ApiFixture;

beforeAll(async () => {
  store = await storeFixture();
  api = await apiFixture({ stores: store.stores, redis });
});

afterAll(async () => {
  await api.close();
  await redis.cleanup();
  await store.close();
});

const browser = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
const form = { ...browser, 'content-type': 'application/x-www-form-urlencoded' };

async function logIn(key: string) {
  return await api.call('POST', '/ops/login', {
    key: null,
    raw: new URLSearchParams({ key }).toString(),
    headers: form,
  });
}

async function cookieOf(): Promise<string> {
  return ((await logIn(KEY)).headers.get('set-cookie') ?? '').split(';', 1)[0] ?? '';
}

describe('the way in for browsers', () => {
  it('leads to the form, takes the key, and shows the dashboard', async () => {
    const away = await api.call('GET', '/ops/queues', { key: null, headers: browser });
    expect([away.status, away.headers.get('location')]).toEqual([303, '/ops/login']);
    const page = await api.call('GET', '/ops/login', { key: null, headers: browser });
    expect(page.text).toContain('<form method="post" action="/ops/login">');
    const entered = await logIn(KEY);
    expect([entered.status, entered.headers.get('location')]).toEqual([303, '/ops/queues']);
    const cookie = entered.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/; Path=\/ops; HttpOnly; SameSite=Strict$/);
    expect(cookie).not.toContain(KEY);
    const board = await api.call('GET', '/ops/queues', {
      key: null,
      headers: { ...browser, cookie: await cookieOf() },
    });
    expect(board.status).toBe(200);
    expect(board.text).toContain('Wakefield queues');
    const queues = await api
      .call('GET', '/ops/queues/api/queues', {
        key: null,
        headers: { cookie: await cookieOf() },
      })
      .catch(String);
    expect(String(queues)).not.toContain('invalid_api_key');
  });

  it('refuses a wrong key with the form', async () => {
    const answer = await logIn('wrong');
    expect(answer.status).toBe(401);
    expect(answer.text).toContain('This key is not known');
    expect(answer.headers.get('set-cookie')).toBeNull();
  });

  it('refuses a cookie that is made up, and one of a page of another site', async () => {
    const forged = await api.call('GET', '/ops/queues', {
      key: null,
      headers: { ...browser, cookie: 'wakefield_login=bG9jYWw.9999999999.AAAA' },
    });
    expect(forged.status).toBe(303);
    const foreign = await api.call('POST', '/ops/logout', {
      key: null,
      headers: { cookie: await cookieOf(), 'sec-fetch-site': 'cross-site' },
    });
    expect([foreign.status, foreign.body.error.code]).toEqual([403, 'forbidden']);
  });

  it('logs out', async () => {
    const answer = await api.call('POST', '/ops/logout', { key: null, headers: browser });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/ops/login']);
    expect(answer.headers.get('set-cookie')).toContain('Max-Age=0');
  });
});

describe('the way in for programs', () => {
  it('takes the bearer key and tells others 401', async () => {
    const known = await api.call('GET', '/ops/queues.json');
    expect(known.body.queues.map(({ name }: { name: string }) => name).sort()).toEqual([
      'commands',
      'observe',
      'reconcile',
      'sweep',
    ]);
    const unknown = await api.call('GET', '/ops/queues.json', { key: null });
    expect(unknown.body.error.code).toBe('invalid_api_key');
    const wrong = await api.call('GET', '/ops/queues', { key: 'wrong', headers: browser });
    expect(wrong.status).toBe(401);
  });

  it('is for operators alone', async () => {
    const manager = await apiFixture({
      stores: store.stores,
      redis,
      scheduler: false,
      identifier: {
        identify: () => ({ kind: 'user', id: 'u1', grants: [{ project: 'x', role: 'admin' }] }),
      },
    });
    try {
      const answer = await manager.call('GET', '/ops/queues.json');
      expect([answer.status, answer.body.error.code]).toEqual([403, 'forbidden']);
    } finally {
      await manager.close();
    }
  });
});
