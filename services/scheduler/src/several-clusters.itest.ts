import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { PaperCluster } from '../test/paper-cluster.ts';
import { useWorld } from '../test/use-world.ts';
import { MODEL, spec } from '../test/world.ts';

jest.setTimeout(60_000);

const { ground, world } = useWorld(['there']);
beforeEach(() => world.start());

const model = async () => (await ground.store.sql('select state, reason from models'))[0];
const jobs = () =>
  ground.store.sql('select cluster, phase, outcome, started_at from jobs order by seq');
const there = (): PaperCluster => {
  const cluster = world.clusters.get('there');
  if (cluster === undefined) throw new Error('there is no there');
  return cluster;
};
const silence = (cluster: PaperCluster, silent: boolean) => {
  cluster.away = silent;
};

async function register(): Promise<void> {
  for (const cluster of ['here', 'there']) await world.wish({ kind: 'activate', cluster });
  await world.round();
  const asked = { cluster: 'here', otherClusters: ['there'], walltimeSeconds: 36_000 };
  await world.wish({ kind: 'register', spec: spec(asked) });
  await world.round();
}

const wake = () => world.wish({ kind: 'wake', hfModelId: MODEL });

/** Its nodes are gone as well, and nobody has heard of its engines for a while. */
async function blackOut(name: string): Promise<void> {
  world.dark.add(name);
  const ids = await ground.store.sql('select id from jobs');
  const { produce, prefix } = ground.redis;
  await produce.del(...ids.map(({ id }) => `${prefix}:answered:${id}`));
}

describe('a model that names two clusters', () => {
  test('is woken on the second while the first does not answer', async () => {
    await register();
    world.cluster.away = true;
    await world.round();
    await wake();
    await world.until(({ routes }) => routes.length === 1);
    expect(world.cluster.taken).toEqual([]);
    expect(await jobs()).toMatchObject([{ cluster: 'there', phase: 'ready' }]);
    await world.round();
    expect(await model()).toMatchObject({
      state: 'ready',
      reason: expect.stringContaining('The cluster here does not answer'),
    });
  });

  test('goes on to the second at once when the first refuses its job', async () => {
    await register();
    world.cluster.refusal = 'Invalid account';
    await wake();
    await world.until(({ routes }) => routes.length === 1, 5);
    expect(await jobs()).toMatchObject([
      { cluster: 'here', outcome: 'refused' },
      { cluster: 'there', phase: 'ready' },
    ]);
  });

  test('is started where it begins first, though nothing was ever started there', async () => {
    await register();
    world.cluster.fate = { queueMs: 3_600_000, loadMs: 1_000, failsAfterMs: null };
    there().fate = { queueMs: 30_000, loadMs: 1_000, failsAfterMs: null };
    await wake();
    await world.until(() => there().taken.length === 1);
    expect(world.cluster.taken).toEqual([]);
  });

  test('races a queue that is too long; the loser is cancelled before it loads', async () => {
    await register();
    // Longer than it was expected to be.
    world.cluster.whileSubmitting = async () => {
      world.cluster.fate = { queueMs: 3_600_000, loadMs: 1_000, failsAfterMs: null };
    };
    there().fate = { queueMs: 30_000, loadMs: 1_000, failsAfterMs: null };
    await wake();
    await world.until(() => world.cluster.taken.length === 1);
    for (let minutes = 0; minutes < 12; minutes += 0.5) await world.round(30_000);
    await world.until(({ routes }) => routes.length === 1);
    expect(await jobs()).toMatchObject([
      { cluster: 'here', phase: 'ended', outcome: 'as_asked', started_at: null },
      { cluster: 'there', phase: 'ready' },
    ]);
    expect(world.cluster.active()).toEqual([]);
    expect([world.cluster.taken.length, there().taken.length]).toEqual([1, 1]);
  });

  test('is replaced when a site is lost; what is too much is drained when it is back', async () => {
    await register();
    await wake();
    await world.until(({ routes }) => routes.length === 1);
    world.cluster.away = true;
    await blackOut('here');
    await world.round(30_000);
    await world.round(20_000);
    expect(await jobs()).toHaveLength(1);
    await world.round(20_000);
    await world.until(({ routes }) => routes.length === 2);
    expect(await jobs()).toMatchObject([
      { cluster: 'here', phase: 'ready' },
      { cluster: 'there', phase: 'ready' },
    ]);
    world.dark.clear();
    silence(world.cluster, false);
    await world.until(({ jobs: seen }) => seen.some(({ phase }) => phase === 'ended'));
    await world.round();
    expect((await jobs()).filter(({ phase }) => phase === 'ready')).toHaveLength(1);
    expect(await model()).toMatchObject({ state: 'ready', reason: null });
  });

  test.each([{ before: 'answered' }, { before: 'failed' }])(
    'is not replaced because of one look that failed after a time in which nobody looked; the one before it $before',
    async ({ before }) => {
      await register();
      world.cluster.fate = { queueMs: 60_000, loadMs: 600_000, failsAfterMs: null };
      there().fate = { queueMs: 3_600_000, loadMs: 1_000, failsAfterMs: null };
      await wake();
      await world.until(({ jobs: seen }) => seen.some(({ phase }) => phase === 'queued'));
      await world.round(60_000);
      expect(await jobs()).toMatchObject([{ cluster: 'here', phase: 'starting' }]);
      world.cluster.away = true;
      if (before === 'failed') await world.round(2_000);
      await world.round(300_000);
      for (let rounds = 0; rounds < 3; rounds += 1) await world.round(100);
      expect(await model()).toMatchObject({ reason: expect.stringContaining('does not answer') });
      expect(await jobs()).toHaveLength(1);
      world.cluster.away = false;
      await world.round();
      await world.round(20_000);
      expect(await jobs()).toHaveLength(1);
    },
  );

  test('is not replaced while its engine answers, however long the controller is away', async () => {
    await register();
    await wake();
    await world.until(({ routes }) => routes.length === 1);
    world.cluster.away = true;
    for (let minutes = 0; minutes < 10; minutes += 0.5) await world.round(30_000);
    expect(await jobs()).toMatchObject([{ cluster: 'here', phase: 'ready' }]);
    expect(there().taken).toEqual([]);
  });

  test('moves when its clusters change, one after the other and without a gap', async () => {
    await register();
    await wake();
    await world.until(({ routes }) => routes.length === 1);
    await world.wish({
      kind: 'register',
      spec: spec({ cluster: 'there', walltimeSeconds: 36_000 }),
    });
    for (let rounds = 0; rounds < 30 && world.cluster.active().length > 0; rounds += 1) {
      await world.round();
      expect((await world.look()).routes.length).toBeGreaterThan(0);
    }
    expect(await jobs()).toMatchObject([
      { cluster: 'here', phase: 'ended', outcome: 'as_asked' },
      { cluster: 'there', phase: 'ready' },
    ]);
  });
});
