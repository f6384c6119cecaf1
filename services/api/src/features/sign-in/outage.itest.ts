import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { loadAuthFile } from '@wakefield/auth';
import { privateRedis, storeFixture } from '@wakefield/testkit';
import { type ApiFixture, apiFixture, KEY } from '../../../test/api-fixture.ts';

jest.setTimeout(30_000);

const folder = mkdtempSync(join(tmpdir(), 'outage-'));
const cookie = `wakefield_session=${'x'.repeat(43)}`;
let redis: Awaited<ReturnType<typeof privateRedis>>;
let store: Awaited<ReturnType<typeof storeFixture>>;
let api: ApiFixture;

beforeAll(async () => {
  [store, redis] = await Promise.all([storeFixture(), privateRedis()]);
  const path = join(folder, 'auth.yaml');
  writeFileSync(
    path,
    `
publicUrl: http://127.0.0.1:8080
issuers:
  - name: site
    issuer: http://127.0.0.1:9
    audiences: [wakefield]
    signIn: { clientId: wakefield }
    grants: [{ claim: groups, role: user }]
`,
  );
  const authFile = await loadAuthFile(path);
  api = await apiFixture({ stores: store.stores, redis, scheduler: false, authFile });
});
afterAll(async () => {
  await api?.close();
  await redis?.cleanup();
  await store?.close();
  rmSync(folder, { recursive: true });
});

const ask = (path: string, headers: Record<string, string>, method = 'GET') =>
  fetch(`${api.url}${path}`, { method, headers, redirect: 'manual' });

it('while Redis is away sessions are a 503, keys are good, and signing out clears the browser', async () => {
  expect((await ask('/p', { cookie })).status).toBe(401);
  await redis.kill();
  expect((await ask('/p', { cookie })).status).toBe(503);
  expect((await ask('/auth/session', { cookie })).status).toBe(503);
  expect((await ask('/p', { cookie, authorization: `Bearer ${KEY}` })).status).toBe(200);
  const out = await ask('/auth/logout', { cookie }, 'POST');
  expect(out.status).toBe(503);
  expect(out.headers.getSetCookie()).toEqual([
    'wakefield_session=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax',
  ]);
  await redis.start();
  const deadline = performance.now() + 15_000;
  let status = 0;
  while (status !== 401 && performance.now() < deadline) {
    status = (await ask('/p', { cookie })).status;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(status).toBe(401);
});
