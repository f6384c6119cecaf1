import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { type AuthFile, withoutAuthFile } from '@wakefield/auth';
import { storeFixture, testRedis } from '@wakefield/testkit';
import { type ApiFixture, apiFixture, KEY } from '../../../test/api-fixture.ts';

const redis = testRedis();
let store: Awaited<ReturnType<typeof storeFixture>>;
let api: ApiFixture | null = null;
beforeEach(async () => {
  store = await storeFixture();
  await store.project('mine');
  await store.project('theirs');
});
afterEach(async () => {
  await api?.close();
  api = null;
  await redis.cleanup();
  await store.close();
});

async function start(file: Partial<AuthFile>): Promise<ApiFixture['call']> {
  const authFile = { ...withoutAuthFile, ...file };
  api = await apiFixture({ stores: store.stores, redis, scheduler: false, authFile });
  return api.call;
}

const logIn = (call: ApiFixture['call']) =>
  call('POST', '/ops/login', {
    key: null,
    raw: new URLSearchParams({ key: KEY }).toString(),
    headers: { accept: 'text/html', 'content-type': 'application/x-www-form-urlencoded' },
  });
const form = (call: ApiFixture['call']) =>
  call('GET', '/ops/login', { key: null, headers: { accept: 'text/html' } });

it('a key that opens everything opens the queues, too', async () => {
  const call = await start({});
  expect((await form(call)).text).toContain('<form');
  expect((await logIn(call)).status).toBe(303);
  expect((await call('GET', '/ops/queues.json')).status).toBe(200);
  expect((await call('GET', '/p/theirs')).status).toBe(200);
});

it('a key that is limited is good for its projects alone', async () => {
  const call = await start({ staticKey: { enabled: true, projects: ['mine'] } });
  expect((await call('GET', '/p/mine')).status).toBe(200);
  expect((await call('GET', '/p/theirs')).status).toBe(404);
  expect((await call('GET', '/ops/queues.json')).status).toBe(403);
  expect((await form(call)).text).not.toContain('<form');
  const entered = await logIn(call);
  expect([entered.status, entered.headers.get('set-cookie')]).toEqual([401, null]);
});

it('a key that is switched off is no key', async () => {
  const issuer = {
    ...{ name: 'site', title: 'Site', issuer: 'https://sso.example.org', audiences: ['w'] },
    ...{ algorithms: ['RS256' as const], clockTolerance: 10, timeout: 1 },
    ...{ introspection: null, signIn: null, grants: [] },
  };
  const call = await start({ staticKey: { enabled: false }, issuers: [issuer] });
  for (const path of ['/p', '/p/mine', '/ops/queues.json'])
    expect([path, (await call('GET', path)).status]).toEqual([path, 401]);
  expect((await form(call)).text).not.toContain('<form');
  const entered = await logIn(call);
  expect([entered.status, entered.headers.get('set-cookie')]).toEqual([401, null]);
});
