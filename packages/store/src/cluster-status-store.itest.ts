import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { LeaseLostError } from '@wakefield/control';
import { SAMPLE_NOW, type StoreFixture, storeFixture } from '@wakefield/testkit';
import { migrationsFolder } from './migrate.ts';

let fixture: StoreFixture;
beforeAll(async () => {
  fixture = await storeFixture();
});
afterAll(() => fixture.close());

test('the newest status of each cluster stands', async () => {
  const { clusters } = fixture.stores;
  expect(await clusters.list()).toEqual(new Map());
  const well = {
    reachable: true,
    observedAt: SAMPLE_NOW,
    error: null,
    silence: null,
    nextLookAt: SAMPLE_NOW + 1,
  };
  const ill = {
    reachable: false,
    observedAt: null,
    error: 'slurmctld\0',
    silence: { since: SAMPLE_NOW - 1, looks: 2 },
    nextLookAt: SAMPLE_NOW,
  };
  await clusters.save('a', ill);
  await clusters.save('b', ill);
  await clusters.save('a', well);
  expect(Object.fromEntries(await clusters.list())).toEqual({
    a: { ...well, bounds: null },
    b: { ...ill, error: 'slurmctld\uFFFD', bounds: null },
  });
});

test('whoever lost the lease of a cluster tells nothing of it', async () => {
  const { clusters, leases } = fixture.stores;
  const well = {
    reachable: true,
    observedAt: SAMPLE_NOW,
    error: null,
    silence: null,
    nextLookAt: SAMPLE_NOW + 1,
  };
  const lease = await leases.acquire('cluster:fenced', 'tester', 60_000);
  if (lease === null) throw new Error('not held');
  await clusters.save('fenced', well, lease);
  await leases.release(lease);
  const late = { ...well, reachable: false, error: 'late' };
  await expect(clusters.save('fenced', late, lease)).rejects.toBeInstanceOf(LeaseLostError);
  expect((await clusters.list()).get('fenced')).toEqual({ ...well, bounds: null });
});

test('bounds stay when the status changes; who lost the lease tells none', async () => {
  const { clusters, leases } = fixture.stores;
  const well = {
    reachable: true,
    observedAt: SAMPLE_NOW,
    error: null,
    silence: null,
    nextLookAt: SAMPLE_NOW + 1,
  };
  const bounds = { nodes: 2, cpus: 64, memoryBytes: 2 ** 40, gpus: 0, minutes: 600 };
  const lease = await leases.acquire('cluster:bounded', 'tester', 60_000);
  if (lease === null) throw new Error('not held');
  await clusters.saveBounds('bounded', bounds, lease);
  expect((await clusters.list()).has('bounded')).toBe(false);
  await clusters.save('bounded', well, lease);
  await clusters.saveBounds('bounded', bounds, lease);
  await clusters.save('bounded', { ...well, nextLookAt: SAMPLE_NOW + 2 }, lease);
  expect((await clusters.list()).get('bounded')).toMatchObject({
    nextLookAt: SAMPLE_NOW + 2,
    bounds,
  });
  await clusters.saveBounds('bounded', {}, lease);
  expect((await clusters.list()).get('bounded')?.bounds).toEqual({});
  await leases.release(lease);
  await expect(clusters.saveBounds('bounded', bounds, lease)).rejects.toBeInstanceOf(
    LeaseLostError,
  );
  expect((await clusters.list()).get('bounded')?.bounds).toEqual({});
});

test('clusters that were silent before their silence was counted are so for long enough', async () => {
  await fixture.sql(
    `insert into clusters (name, reachable, observed_at, error, next_look_at) values
       ('was-silent', false, $1, 'no answer', now()), ('was-never-seen', false, null, 'no answer', now()),
       ('was-there', true, $1, null, now())`,
    [new Date(SAMPLE_NOW)],
  );
  const migration = join(migrationsFolder(), '0009_silence_of_silent_clusters.sql');
  await fixture.sql(readFileSync(migration, 'utf8'));
  const seen = await fixture.stores.clusters.list();
  expect(seen.get('was-silent')?.silence).toEqual({ since: SAMPLE_NOW, looks: 2 });
  expect(seen.get('was-never-seen')?.silence).toMatchObject({ looks: 2 });
  expect(seen.get('was-there')?.silence).toBeNull();
});
