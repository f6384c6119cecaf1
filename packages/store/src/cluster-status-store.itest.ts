import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { LeaseLostError } from '@wakefield/control';
import { SAMPLE_NOW, type StoreFixture, storeFixture } from '@wakefield/testkit';

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
    a: well,
    b: { ...ill, error: 'slurmctld\uFFFD' },
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
  expect((await clusters.list()).get('fenced')).toEqual(well);
});
