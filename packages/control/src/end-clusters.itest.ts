import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { SAMPLE_NOW, type StoreFixture, storeFixture } from '@wakefield/testkit';
import { type EndClustersDeps, endClusters } from './end-clusters.ts';

let store: StoreFixture;
let deps: EndClustersDeps;

beforeAll(async () => {
  store = await storeFixture();
});
beforeEach(() => {
  deps = { ...store.stores, clock: { now: () => SAMPLE_NOW }, holder: 'tester' };
});
afterAll(() => store.close());

const here = new Set(['here']);
const soon = () => AbortSignal.timeout(10_000);

test('jobs of the cluster are over as asked, its models sleep; others go on', async () => {
  const model = await store.model({ idle: false });
  const job = await store.job(model, 1, { phase: 'queued' });
  const other = await store.model({ idle: false, cluster: 'there' });
  const otherJob = await store.job(other, 1, { phase: 'queued' });
  expect(await endClusters(deps, here, 'Wakefield was stopped.', soon())).toBe(0);
  expect((await store.stores.jobs.listForModel(model.id, 9))[0]).toMatchObject({
    id: job.id,
    phase: 'ended',
    outcome: 'as_asked',
    reason: 'Wakefield was stopped.',
    endedAt: SAMPLE_NOW,
  });
  expect(await store.stores.models.get(model.id)).toMatchObject({
    idle: true,
    state: 'not_loaded',
    reason: null,
  });
  expect((await store.stores.jobs.listForModel(other.id, 9))[0]).toMatchObject({
    id: otherJob.id,
    phase: 'queued',
  });
  expect(await store.stores.models.get(other.id)).toMatchObject({ idle: false });
  // Nothing is held afterwards.
  await store.stores.leases.release(await store.lease(model.id));
});

test('models that a dead scheduler holds are waited for side by side, no longer than told', async () => {
  const held = [await store.model({ idle: false }), await store.model({ idle: false })];
  const free = await store.model({ idle: false });
  for (const { id } of held) await store.lease(id);
  const began = performance.now();
  expect(await endClusters(deps, here, 'over', AbortSignal.timeout(400))).toBe(2);
  expect(performance.now() - began).toBeLessThan(3_000);
  const idle = async (id: string) => (await store.stores.models.get(id))?.idle;
  expect(await Promise.all([...held, free].map(({ id }) => idle(id)))).toEqual([
    false,
    false,
    true,
  ]);
  const [first] = held;
  const later = endClusters(deps, here, 'over', soon());
  await store.sql('delete from leases where key = any($1)', [held.map(({ id }) => `model:${id}`)]);
  expect(await later).toBe(0);
  expect(await idle(first?.id ?? '')).toBe(true);
});
