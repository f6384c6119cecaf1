import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import { useWorld } from '../test/use-world.ts';
import { MODEL, spec } from '../test/world.ts';

jest.setTimeout(60_000);

const OTHER = 'acme/other';
const { ground, world } = useWorld();
beforeEach(async () => {
  world.start();
  await world.wish({ kind: 'activate', cluster: null });
  await world.round();
  for (const hfModelId of [MODEL, OTHER]) {
    await world.wish({ kind: 'register', spec: spec({ hfModelId, gpuCount: 2 }) });
    await world.round();
  }
});

const model = async (hfModelId: string) =>
  (
    await ground.store.sql('select state, reason from models where hf_model_id = $1', [hfModelId])
  )[0];
const jobs = async () => await ground.store.sql("select 1 from jobs where phase <> 'ended'");
const wake = (hfModelId: string) => world.wish({ kind: 'wake', hfModelId });
/** Rounds until so many jobs of the model are ready. */
async function ready(hfModelId: string, count: number): Promise<void> {
  const text =
    "select 1 from jobs join models on models.id = model_id where phase = 'ready' and hf_model_id = $1";
  for (let round = 0; round < 60; round += 1) {
    if ((await ground.store.sql(text, [hfModelId])).length === count) return;
    await world.round();
  }
  throw new Error(`never ${count} ready jobs of ${hfModelId}`);
}
const rounds = async (count: number) => {
  for (let round = 0; round < count; round += 1) await world.round();
};

describe('a limit on the live jobs of a project', () => {
  test('who comes later waits with a reason, asks the cluster nothing, and starts once there is room', async () => {
    world.cluster.limits = { jobs: null, project: { jobs: 1, gpus: null } };
    await wake(MODEL);
    await ready(MODEL, 1);
    await wake(OTHER);
    await rounds(5);
    expect(await model(OTHER)).toEqual({
      state: 'queued',
      reason:
        'Project eu-00-00 has 1 of 1 jobs on cluster here, the limit that is configured there for it.',
    });
    expect(world.cluster.taken).toHaveLength(1);
    expect(await ground.store.sql('select 1 from jobs')).toHaveLength(1);
    await world.wish({ kind: 'sleep', hfModelId: MODEL });
    await ready(OTHER, 1);
    await world.round();
    expect(await model(OTHER)).toMatchObject({ state: 'ready', reason: null });
  });

  test('as many jobs of a model as there is room for; the others wait', async () => {
    world.cluster.limits = { jobs: null, project: { jobs: null, gpus: 5 } };
    await world.wish({ kind: 'scale', hfModelId: MODEL, replicas: 3 });
    await ready(MODEL, 2);
    await rounds(3);
    expect(await jobs()).toHaveLength(2);
    expect(await model(MODEL)).toMatchObject({
      state: 'ready',
      reason: expect.stringContaining('has 4 of 5 GPUs on cluster here'),
    });
  });

  test('two models and two schedulers that want the last place at once: one gets it', async () => {
    world.cluster.limits = { jobs: 1, project: { jobs: null, gpus: null } };
    world.start(undefined, 2);
    await Promise.all([wake(MODEL), wake(OTHER)]);
    await rounds(6);
    expect(world.cluster.taken).toHaveLength(1);
    expect(await jobs()).toHaveLength(1);
    const reasons = [await model(MODEL), await model(OTHER)].map((row) => row?.reason);
    expect(reasons).toContain(
      'All projects together have 1 of 1 jobs on cluster here, the limit that is configured there.',
    );
  });
});
