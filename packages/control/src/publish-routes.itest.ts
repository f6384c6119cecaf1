import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { captureLog, type StoreFixture, storeFixture } from '@wakefield/testkit';
import { publishRoutes } from './publish-routes.ts';

let store: StoreFixture;
beforeAll(async () => {
  store = await storeFixture();
});
afterAll(() => store.close());

test('what is announced is never older than what was written before', async () => {
  const heard: number[] = [];
  const { routes } = store.stores;
  const publish = async (revision: number) => {
    heard.push(revision);
  };
  const deps = { routes, routeBus: { publish }, log: captureLog() };
  const write = () => store.sql('update route_revision set revision = revision + 1');
  for (let writes = 0; writes < 5; writes += 1) {
    await write();
    await publishRoutes(deps);
  }
  const last = await routes.revision();
  expect(heard).toEqual([last - 4, last - 3, last - 2, last - 1, last]);
  // Many at once: whoever comes first, the newest write is announced.
  await Promise.all(Array.from({ length: 8 }, () => write().then(() => publishRoutes(deps))));
  expect(Math.max(...heard)).toBe(await routes.revision());
});

test('a bus or a store that is away is no failure', async () => {
  const log = captureLog();
  const away = () => Promise.reject(new Error('away'));
  await publishRoutes({ routes: { revision: away }, routeBus: { publish: away }, log });
  await publishRoutes({ routes: store.stores.routes, routeBus: { publish: away }, log });
  expect(log.lines.map(({ message }) => message)).toEqual([
    'route change not announced',
    'route change not announced',
  ]);
});
