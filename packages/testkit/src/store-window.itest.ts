import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { emptyTestDatabase, type TestDatabase } from './postgres.ts';
import { openStoreWindow, type StoreWindow } from './store-window.ts';

let database: TestDatabase;
let window: StoreWindow;

beforeAll(async () => {
  database = await emptyTestDatabase();
  window = openStoreWindow({ databaseUrl: database.url, redisUrl: 'redis://127.0.0.1:1' });
});

afterAll(async () => {
  await window.close();
  await database.drop();
});

const backends = (count: number) =>
  Promise.all(
    Array.from({ length: count }, async () => {
      const [row] = await window.rows('select pg_backend_pid() as pid');
      return row?.pid;
    }),
  );

test('whoever looks first shares one connection, and one that was lost is made again', async () => {
  const first = await backends(5);
  expect(new Set(first).size).toBe(1);
  const cut = window.rows('select pg_terminate_backend(pg_backend_pid())');
  await expect(cut).rejects.toThrow();
  const second = await backends(5);
  expect(new Set(second).size).toBe(1);
  expect(second[0]).not.toBe(first[0]);
});
