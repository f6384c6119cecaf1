import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { LeaseStore } from '@wakefield/control';
import { type StoreFixture, storeFixture } from '@wakefield/testkit';

let fixture: StoreFixture;
let leases: LeaseStore;
let other: LeaseStore;

beforeAll(async () => {
  fixture = await storeFixture();
  leases = fixture.stores.leases;
  other = fixture.another().leases;
});
afterAll(() => fixture.close());

/** Lets the database's clock pass the end of the lease. */
async function expire(key: string): Promise<void> {
  const past = "update leases set expires_at = clock_timestamp() - interval '1 ms' where key = $1";
  await fixture.sql(past, [key]);
}

async function held(key: string, holder = 'a') {
  const lease = await leases.acquire(key, holder, 60_000);
  if (lease === null) throw new Error('not held');
  return lease;
}

test('a lease excludes everybody else, its own holder included', async () => {
  await held('cluster:one');
  expect(await other.acquire('cluster:one', 'b', 60_000)).toBeNull();
  expect(await leases.acquire('cluster:one', 'a', 60_000)).toBeNull();
  expect(await other.acquire('cluster:two', 'b', 60_000)).toMatchObject({ key: 'cluster:two' });
});

test('of many who ask at once one gets it', async () => {
  const answers = await Promise.all(
    Array.from({ length: 16 }, (_, i) => (i % 2 ? leases : other).acquire('race', `${i}`, 60_000)),
  );
  expect(answers.filter((lease) => lease !== null)).toHaveLength(1);
});

test('of many who ask at once for an expired one, one gets it', async () => {
  await held('race again');
  await expire('race again');
  const answers = await Promise.all(
    Array.from({ length: 16 }, (_, i) =>
      (i % 2 ? leases : other).acquire('race again', `${i}`, 60_000),
    ),
  );
  expect(answers.filter((lease) => lease !== null)).toHaveLength(1);
});

test('an expired lease is taken over with a greater token, and the old one is worth nothing', async () => {
  const old = await held('over');
  await expire('over');
  expect(await leases.renew(old, 60_000)).toBe(false);
  const taken = await other.acquire('over', 'b', 60_000);
  expect(taken?.token).toBeGreaterThan(old.token);
  expect(await leases.renew(old, 60_000)).toBe(false);
  await leases.release(old);
  expect(await leases.acquire('over', 'c', 60_000)).toBeNull();
});

test('a released lease is free at once, and tokens still grow', async () => {
  const first = await held('free');
  await leases.release(first);
  const second = await other.acquire('free', 'b', 60_000);
  expect(second?.token).toBeGreaterThan(first.token);
  await leases.release(first);
  expect(await leases.acquire('free', 'a', 60_000)).toBeNull();
});

test('time counts by the clock of the database, and renewing prolongs it', async () => {
  const lease = await leases.acquire('short', 'a', 5_000);
  if (lease === null) throw new Error('not held');
  expect(await leases.renew(lease, 60_000)).toBe(true);
  const brief = await leases.acquire('brief', 'a', 50);
  const deadline = Date.now() + 15_000;
  let taken = null;
  while (taken === null && Date.now() < deadline) {
    await wait(20);
    taken = await other.acquire('brief', 'b', 60_000);
  }
  expect(taken?.token).toBeGreaterThan(brief?.token ?? 0);
  const rows = await fixture.sql(
    "select extract(epoch from expires_at - clock_timestamp())::int as left from leases where key = 'short'",
  );
  expect(rows[0]?.left).toBeGreaterThan(50);
});
