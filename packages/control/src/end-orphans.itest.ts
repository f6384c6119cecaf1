import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { ClusterJob, ClusterSnapshot, JobName } from '@wakefield/domain';
import { captureLog, SAMPLE_NOW, type StoreFixture, storeFixture } from '@wakefield/testkit';
import { endOrphans } from './end-orphans.ts';
import type { ClusterDriver } from './ports/cluster.ts';

let store: StoreFixture;
beforeAll(async () => {
  store = await storeFixture();
});
afterAll(() => store.close());

/** What is cancelled on the cluster `here`, which sees these jobs running. */
async function cancelled(seen: readonly JobName[]): Promise<readonly JobName[]> {
  const names: JobName[] = [];
  const driver = {
    name: 'here',
    cancel: async (jobs: readonly { readonly name: JobName }[]) => {
      names.push(...jobs.map(({ name }) => name));
    },
  } as Partial<ClusterDriver> as ClusterDriver;
  const sightings = new Map(
    seen.map((name) => [name, { clusterJob: { name, state: 'running' } as ClusterJob }] as const),
  );
  const snapshot = { cluster: 'here', takenAt: 0, sightings } as unknown as ClusterSnapshot;
  const deps = { jobs: store.stores.jobs, log: captureLog() };
  await endOrphans(deps, driver, snapshot, new AbortController().signal);
  return names;
}

test('a job whose row is over or gone is ended, one with a live row is not', async () => {
  const model = await store.model();
  const over = { phase: 'ended', outcome: 'as_asked', endedAt: SAMPLE_NOW } as const;
  const ended = await store.job(model, 1, over);
  const live = await store.job(model, 2, { phase: 'queued' });
  const gone = `wf-test-${randomUUID()}`;
  expect(await cancelled([ended.name, live.name, gone])).toEqual([ended.name, gone]);
});

test('a job of an entry for the same account that this process does not know is no orphan', async () => {
  const model = await store.model({ cluster: 'in-another-configuration' });
  const { name } = await store.job(model, 1, { phase: 'ready' });
  expect(await cancelled([name])).toEqual([]);
});

test('nothing is cancelled where nothing runs', async () => {
  expect(await cancelled([])).toEqual([]);
});
