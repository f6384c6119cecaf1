import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import { register } from '../test/scenario.ts';
import { useWorld } from '../test/use-world.ts';
import { MODEL } from '../test/world.ts';

jest.setTimeout(60_000);

const { ground, world } = useWorld();
beforeEach(() => world.start());

const model = async () => (await ground.store.sql('select state, reason from models'))[0];
const ready = () => world.until(({ routes }) => routes.length === 1);

async function wake(): Promise<void> {
  await register(world);
  await world.wish({ kind: 'wake', hfModelId: MODEL });
}

describe('a cluster that does not answer', () => {
  test('changes nothing but what is said, and is used again when it is back', async () => {
    await wake();
    await ready();
    const before = await world.look();
    world.cluster.away = true;
    await world.round();
    expect(await model()).toMatchObject({ reason: expect.stringContaining('does not answer') });
    await world.wish({ kind: 'scale', hfModelId: MODEL, replicas: 2 });
    for (let rounds = 0; rounds < 5; rounds += 1) await world.round(60_000 / 5);
    const during = await world.look();
    expect([during.jobs, during.routes]).toEqual([before.jobs, before.routes]);
    expect(world.cluster.taken).toHaveLength(1);
    world.cluster.away = false;
    await world.until(({ routes }) => routes.length === 2);
    await world.round();
    expect(await model()).toMatchObject({ state: 'ready', reason: null });
  });

  test('keeps a draining job until it can be asked', async () => {
    await wake();
    await ready();
    world.cluster.away = true;
    await world.wish({ kind: 'sleep', hfModelId: MODEL });
    for (let rounds = 0; rounds < 5; rounds += 1) await world.round();
    expect(await world.look()).toMatchObject({ jobs: [{ phase: 'draining' }], routes: [] });
    world.cluster.away = false;
    await world.until(({ model: seen }) => seen?.state === 'not_loaded');
  });
});

describe('a submission', () => {
  test('whose answer is lost is adopted, not repeated', async () => {
    world.cluster.whileSubmitting = async () => {
      world.cluster.away = true;
    };
    await wake();
    await world.until(() => world.cluster.taken.length === 1);
    expect((await world.look()).jobs).toMatchObject([{ phase: 'intended' }]);
    world.cluster.whileSubmitting = null;
    world.cluster.away = false;
    await ready();
    expect(world.cluster.taken).toHaveLength(1);
    expect(await ground.store.sql('select cluster_job_id from jobs')).toEqual([
      { cluster_job_id: '1' },
    ]);
  });

  test('that is refused for good ends in the words of the cluster, at once', async () => {
    world.cluster.refusal = 'Invalid account or partition';
    await wake();
    await world.until(({ model: seen }) => seen?.state === 'failed', 60);
    expect(await model()).toMatchObject({ reason: expect.stringContaining('Invalid account') });
    expect((await world.look()).jobs.map(({ outcome }) => outcome)).toEqual(['refused']);
    expect(world.cluster.taken).toEqual([]);
  });
});

describe('an account at its limit', () => {
  test('is tried again until there is room: nobody has to wake the model', async () => {
    world.cluster.places = 0;
    await wake();
    for (let rounds = 0; rounds < 12; rounds += 1) await world.round(3_000);
    const during = await world.look();
    expect(during.jobs.length).toBeGreaterThan(3);
    expect(new Set(during.jobs.map(({ outcome }) => outcome))).toEqual(new Set(['no_room']));
    expect(await model()).toEqual({
      state: 'queued',
      reason: 'Cluster here has no room for the job now: AssocMaxSubmitJobLimit',
    });
    world.cluster.places = 1;
    await ready();
    await world.round();
    expect(await model()).toMatchObject({ state: 'ready', reason: null });
  });
});

describe('a cluster that was taken out of the configuration', () => {
  const takeOut = () => (world.deps().drivers as Map<string, unknown>).delete('here');

  test('is named as the reason; its jobs are given up after a while', async () => {
    await wake();
    await ready();
    takeOut();
    await world.round(20_000);
    expect(await model()).toMatchObject({
      reason: expect.stringContaining('here does not answer: it is not in the configuration'),
    });
    expect((await world.look()).routes).toEqual([1]);
    await world.round(620_000);
    // Tidying comes once a minute of the database's clock, which here is over at once.
    await ground.store.sql("delete from leases where key = 'tidy'");
    for (let rounds = 0; rounds < 3; rounds += 1) await world.round(4_000);
    const sight = await world.look();
    expect(sight).toMatchObject({
      jobs: [{ seq: 1, phase: 'ended', outcome: 'lost' }],
      routes: [],
    });
    const [job] = await ground.store.sql('select reason from jobs');
    expect(job?.reason).toBe(
      'The cluster here was taken out of the configuration. If it still knows job 1, end it there.',
    );
  });

  test('and put back in time, goes on as if nothing had been', async () => {
    await wake();
    await ready();
    const { drivers } = world.deps();
    const driver = drivers.get('here');
    takeOut();
    for (let rounds = 0; rounds < 3; rounds += 1) await world.round(30_000);
    (drivers as Map<string, unknown>).set('here', driver);
    await world.round();
    await world.round(15_000);
    expect(await world.look()).toMatchObject({ jobs: [{ phase: 'ready' }], routes: [1] });
    expect(await model()).toMatchObject({ state: 'ready', reason: null });
  });
});
