import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { type StoreFixture, storeFixture } from '@wakefield/testkit';
import { sql } from 'drizzle-orm';
import { type Database, type DatabaseOptions, openDatabase } from './database.ts';
import { openStore } from './open-store.ts';
import { routeRevision } from './schema/route-revision.ts';

let fixture: StoreFixture;
let database: Database;
let errors: unknown[];

const unavailable = { name: 'AppError', code: 'store_unavailable' };

beforeAll(async () => {
  fixture = await storeFixture();
});
beforeEach(() => {
  errors = [];
  database = open();
});
afterEach(() => database.close());
afterAll(() => fixture.close());

function open(over: Partial<DatabaseOptions> = {}): Database {
  return openDatabase({
    databaseUrl: fixture.url,
    poolSize: 4,
    applicationName: 'database-itest',
    statementTimeoutMs: 5_000,
    onError: (error) => errors.push(error),
    ...over,
  });
}

/** Ends our connections as an administrator or a restart would. */
async function cutConnections(): Promise<void> {
  await fixture.sql(
    "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'database-itest'",
  );
}

const read = () => database.run((queries) => queries.select().from(routeRevision));
const write = (by = database) =>
  by.transaction((queries) =>
    queries.update(routeRevision).set({ revision: sql`${routeRevision.revision} + 1` }),
  );

/** A connection may still be handed out before its end has arrived here. */
async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + 5_000;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await wait(10);
    }
  }
}

test('idle connections that are cut are told of and replaced', async () => {
  await Promise.all([read(), read(), read()]);
  await cutConnections();
  // A connection may still be handed out before its end has arrived here.
  const deadline = Date.now() + 5_000;
  while (errors.length < 3 && Date.now() < deadline) await wait(10);
  expect(errors).toEqual([1, 2, 3].map(() => expect.objectContaining(unavailable)));
  expect(await Promise.all([read(), read(), read(), read()])).toHaveLength(4);
});

test('a connection that is cut inside a transaction fails it, and the next one works', async () => {
  const cut = database.transaction(async (queries) => {
    await queries.select().from(routeRevision);
    await cutConnections();
    // Time in which nobody waits for an answer: an error of the socket has no other listener now.
    await wait(100);
    return await queries.select().from(routeRevision);
  });
  await expect(cut).rejects.toMatchObject(unavailable);
  await write();
});

test('a failover: connections cut, read-only for a while; then everything works as before', async () => {
  const name = new URL(fixture.url).pathname.slice(1);
  const before = await read();
  await fixture.sql(`alter database "${name}" set default_transaction_read_only = on`);
  await cutConnections();
  try {
    await eventually(() => read());
    for (let tries = 0; tries < 3; tries += 1)
      await expect(write()).rejects.toMatchObject(unavailable);
    const plain = database.run((queries) => queries.update(routeRevision).set({ revision: 4711 }));
    await expect(plain).rejects.toMatchObject(unavailable);
    expect(await read()).toEqual(before);
  } finally {
    await fixture.sql(
      `begin read write; alter database "${name}" reset default_transaction_read_only; commit`,
    );
  }
  // Nobody cut the connections again: each that leads to the standby is given up at its first write.
  await eventually(() => write());
});

test('a statement that takes too long is ended, its transaction undone, its connection used again', async () => {
  const hasty = open({ statementTimeoutMs: 300, poolSize: 1 });
  const session = () =>
    hasty.run((queries) => queries.execute(sql`select pg_backend_pid() as pid`));
  const before = await read();
  const { rows } = await session();
  const slow = hasty.transaction(async (queries) => {
    await queries.update(routeRevision).set({ revision: 4711 });
    await queries.execute(sql`select pg_sleep(60)`);
  });
  await expect(slow).rejects.toMatchObject({ ...unavailable, cause: { sqlState: '57014' } });
  expect(await read()).toEqual(before);
  expect((await session()).rows).toEqual(rows);
  await hasty.close();
});

test('waiting for a lock is bounded, too', async () => {
  const free = Promise.withResolvers<void>();
  const hasty = open({ statementTimeoutMs: 300 });
  const locked = Promise.withResolvers<void>();
  const holding = database.transaction(async (queries) => {
    await queries.select().from(routeRevision).for('update');
    locked.resolve();
    await free.promise;
  });
  await locked.promise;
  await expect(write(hasty)).rejects.toMatchObject(unavailable);
  free.resolve();
  await holding;
  await write(hasty);
  await hasty.close();
});

test('a deadlock is run again', async () => {
  await fixture.sql('create table if not exists pair (id int primary key, n int)');
  await fixture.sql('insert into pair values (1, 0), (2, 0) on conflict do nothing');
  const patient = open({ statementTimeoutMs: 10_000 });
  let tries = 0;
  let waiting = 0;
  const both = Promise.withResolvers<void>();
  const cross = (first: number, second: number) =>
    patient.transaction(async (queries) => {
      tries += 1;
      await queries.execute(sql`update pair set n = n + 1 where id = ${first}`);
      waiting += 1;
      if (waiting === 2) both.resolve();
      await both.promise;
      await queries.execute(sql`update pair set n = n + 1 where id = ${second}`);
    });
  await Promise.all([cross(1, 2), cross(2, 1)]);
  // One more round when the undone one is back before the other has noticed.
  expect(tries).toBeGreaterThan(2);
  expect(await fixture.sql('select n from pair order by id')).toEqual([{ n: 2 }, { n: 2 }]);
  await patient.close();
}, 20_000);

test('an error of the work undoes it and comes out as it is', async () => {
  const before = await read();
  const error = new Error('of our own');
  const failing = database.transaction(async (queries) => {
    await queries.update(routeRevision).set({ revision: 4711 });
    throw error;
  });
  await expect(failing).rejects.toBe(error);
  expect(await read()).toEqual(before);
});

test('a snapshot writes nothing', async () => {
  const writing = database.snapshot((queries) =>
    queries.update(routeRevision).set({ revision: 1 }),
  );
  await expect(writing).rejects.toMatchObject({ cause: { name: 'StoreError', sqlState: '25006' } });
});

test('no connection is lost to failures', async () => {
  const failing = () =>
    database.transaction((queries) => queries.execute(sql`select 1 / 0`)).catch(() => 'failed');
  await Promise.all(Array.from({ length: 20 }, failing));
  await cutConnections();
  await Promise.allSettled(Array.from({ length: 8 }, read));
  expect(await Promise.all(Array.from({ length: 8 }, read))).toHaveLength(8);
});

test('nobody there: store_unavailable at once, and nothing thrown beside it', async () => {
  const store = openStore({
    databaseUrl: 'postgres://app@127.0.0.1:1/app',
    poolSize: 2,
    applicationName: 'database-itest',
    statementTimeoutMs: 500,
    onError: (error) => errors.push(error),
  });
  await expect(store.ping()).rejects.toMatchObject({
    ...unavailable,
    cause: { code: 'ECONNREFUSED' },
  });
  await expect(store.stores.routes.load()).rejects.toMatchObject(unavailable);
  await store.close();
});

test('closed twice is closed once, and then unavailable', async () => {
  await database.close();
  await database.close();
  await expect(read()).rejects.toMatchObject(unavailable);
  await expect(write()).rejects.toMatchObject(unavailable);
});
