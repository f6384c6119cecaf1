import {
  firstIsGone,
  firstServes,
  job,
  type Scenario,
  secondServes,
  serving,
  successorServes,
  up,
  wakeUp,
  woken,
} from './scenario.ts';
import { MODEL, spec, type World } from './world.ts';

const long = { walltimeSeconds: 360_000, idleTimeoutSeconds: 36_000 };
const day = 86_400_000;

const there = (world: World) => {
  const cluster = world.clusters.get('there');
  if (cluster === undefined) throw new Error('there is no there');
  return cluster;
};
/** Rounds in each of which somebody tidies up. */
async function tidyUntil(world: World, holds: Parameters<World['until']>[0]): Promise<void> {
  for (let rounds = 0; rounds < 10 && !holds(await world.look()); rounds += 1) {
    await world.tidyAgain();
    await world.round();
  }
  await world.until(holds, 1);
}

/** What becomes of a model when something around it is changed, or its time is over. */
export const changes: readonly Scenario[] = [
  {
    name: 'other arguments: a new revision takes over',
    topic: 'changing',
    own: /^(driver|jobs\.(intend|patch)|commands\.apply)/,
    setUp: (world) => wakeUp(world, long),
    play: async (world) => {
      await world.wish({ kind: 'register', spec: spec({ ...long, engineArgs: { seed: 7 } }) });
      await world.until(({ jobs }) => jobs.length === 2 && jobs[0]?.phase === 'ended');
      await world.until(({ model }) => model?.state === 'ready');
    },
    end: { ...successorServes, commands: [...woken, 'register applied'] },
  },
  {
    name: 'a job that its cluster puts back into the queue',
    topic: 'changing',
    own: /^jobs\.|^models\.savePlan|^routeBus/,
    setUp: (world) => wakeUp(world, long),
    play: async (world) => {
      // One that nobody saw wait, and that is back at its old place within 30 s, is taken for the same run (advance-job.ts).
      world.cluster.fate = { queueMs: 60_000, loadMs: 1_000, failsAfterMs: null };
      world.cluster.requeue(world.cluster.taken[0]?.name ?? '');
      await world.until(({ jobs }) => jobs[0]?.phase !== 'ready');
      await world.until(
        ({ model, routes }) => routes.length === 1 && model?.state === 'ready',
        40,
        5_000,
      );
    },
    end: firstServes,
  },
  {
    name: 'more load, and less again',
    topic: 'changing',
    own: /^(driver|jobs\.(intend|patch)|models\.(savePlan|putOff))/,
    setUp: (world) => wakeUp(world, { ...long, autoscale: true, maxReplicas: 2 }),
    play: async (world) => {
      world.requests = 8;
      await world.until(serving(2), 40, 5_000);
      world.requests = 0;
      await world.until(({ jobs }) => jobs.some(({ phase }) => phase === 'ended'), 40, 60_000);
    },
    end: secondServes,
  },
  {
    name: 'a race of two clusters',
    topic: 'changing',
    own: /^(driver|jobs\.(intend|patch|advance)|trials)/,
    clusters: ['there'],
    setUp: async (world) => {
      for (const cluster of ['here', 'there']) await world.wish({ kind: 'activate', cluster });
      await world.round();
      const asked = { ...long, cluster: 'here', otherClusters: ['there'] };
      await world.wish({ kind: 'register', spec: spec(asked) });
      await world.round();
      // Longer than it was expected to be.
      world.cluster.whileSubmitting = async () => {
        world.cluster.fate = { queueMs: 3_600_000, loadMs: 1_000, failsAfterMs: null };
      };
      there(world).fate = { queueMs: 30_000, loadMs: 1_000, failsAfterMs: null };
      await world.wish({ kind: 'wake', hfModelId: MODEL });
      await world.until(({ cluster }) => cluster.length === 1);
    },
    play: async (world) => {
      await world.until(({ cluster }) => cluster.length === 2, 20, 60_000);
      await world.until(({ model }) => model?.state === 'ready', 20, 10_000);
      await world.until(({ cluster }) => cluster[0]?.state === 'gone');
    },
    end: {
      model: up,
      jobs: [job(1, 'ended', 'as_asked'), job(2, 'ready')],
      cluster: [
        { seq: 1, state: 'gone' },
        { seq: 2, state: 'running', on: 'there' },
      ],
      commands: ['activate applied', ...woken],
      routes: [2],
    },
  },
  {
    name: 'a cluster that is taken out of the configuration',
    topic: 'changing',
    own: /^jobs\.|^models\.savePlan/,
    setUp: (world) => wakeUp(world, long),
    play: async (world) => {
      world.remove('here');
      await world.round(700_000);
      await tidyUntil(world, ({ jobs }) => jobs[0]?.phase === 'ended');
    },
    end: {
      model: { ...up, state: 'queued' },
      jobs: [job(1, 'ended', 'lost')],
      cluster: [{ seq: 1, state: 'running' }],
      commands: woken,
      routes: [],
    },
  },
  {
    name: 'everything of a deleted model goes in its time, directories first',
    topic: 'changing',
    own: /^driver|purge/,
    setUp: async (world) => {
      await wakeUp(world);
      await world.wish({ kind: 'unregister', hfModelId: MODEL, stop: true });
      await world.until(({ jobs }) => jobs[0]?.phase === 'ended');
      await world.round(31 * day);
    },
    play: (world) =>
      tidyUntil(world, ({ model, commands }) => model === null && commands.length === 0),
    end: {
      ...firstIsGone,
      model: null,
      jobs: [],
      cluster: [{ seq: 1, state: 'forgotten' }],
      commands: [],
    },
  },
];
