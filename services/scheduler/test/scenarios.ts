import {
  asleep,
  firstIsGone,
  firstServes,
  job,
  register,
  type Scenario,
  serving,
  successorServes,
  up,
  wakeUp,
  woken,
} from './scenario.ts';
import { changes } from './scenarios-of-change.ts';
import { ofServices } from './scenarios-of-services.ts';
import { MODEL, spec } from './world.ts';

export const scenarios: readonly Scenario[] = [
  {
    name: 'from the first command to ready',
    topic: 'waking',
    setUp: async () => undefined,
    play: async (world) => {
      await wakeUp(world);
      await world.until(({ model }) => model?.state === 'ready');
    },
    end: firstServes,
  },
  {
    name: 'sleep with a drain',
    topic: 'ending',
    setUp: async (world) => {
      await wakeUp(world);
      world.requests = 2;
      await world.round();
    },
    play: async (world) => {
      await world.wish({ kind: 'sleep', hfModelId: MODEL });
      await world.until(({ jobs }) => jobs[0]?.phase === 'draining');
      await world.round();
      world.requests = 0;
      await world.until(asleep);
    },
    end: firstIsGone,
  },
  {
    name: 'a successor before the walltime ends',
    topic: 'staffing',
    setUp: async (world) => {
      await wakeUp(world);
      await world.round(295_000);
    },
    play: async (world) => {
      await world.until(({ jobs }) => jobs.length === 2 && jobs[0]?.phase === 'ended');
      await world.until(({ model }) => model?.state === 'ready');
    },
    end: successorServes,
  },
  {
    name: 'up to three replicas and down to one',
    topic: 'staffing',
    setUp: (world) => wakeUp(world),
    play: async (world) => {
      await world.wish({ kind: 'scale', hfModelId: MODEL, replicas: 3 });
      await world.until(serving(3));
      await world.wish({ kind: 'scale', hfModelId: MODEL, replicas: 1 });
      await world.until(({ jobs }) => jobs.filter(({ phase }) => phase === 'ended').length === 2);
    },
    end: {
      model: up,
      jobs: [job(1, 'ended', 'as_asked'), job(2, 'ended', 'as_asked'), job(3, 'ready')],
      cluster: [
        { seq: 1, state: 'gone' },
        { seq: 2, state: 'gone' },
        { seq: 3, state: 'running' },
      ],
      commands: [...woken, 'scale applied', 'scale applied'],
      routes: [3],
    },
  },
  {
    name: 'an engine that fails until it is given up',
    topic: 'waking',
    setUp: async (world) => {
      world.cluster.fate = { queueMs: 0, loadMs: 60_000, failsAfterMs: 500 };
      await register(world);
    },
    play: async (world) => {
      await world.wish({ kind: 'wake', hfModelId: MODEL });
      await world.until(({ model }) => model?.state === 'failed', 80);
    },
    end: {
      model: { ...up, state: 'failed' },
      jobs: [1, 2, 3].map((seq) => job(seq, 'ended', 'failed')),
      cluster: [1, 2, 3].map((seq) => ({ seq, state: 'failed' })),
      commands: woken,
      routes: [],
    },
  },
  {
    name: 'sleep while a submission was never heard of',
    topic: 'submissions',
    setUp: async (world) => {
      await register(world);
      world.cluster.fate = { queueMs: 600_000, loadMs: 0, failsAfterMs: null };
      world.cluster.whileSubmitting = async () => {
        // Taken, and the line breaks.
        world.cluster.away = true;
      };
      await world.wish({ kind: 'wake', hfModelId: MODEL });
      await world.round();
    },
    play: async (world) => {
      await world.wish({ kind: 'sleep', hfModelId: MODEL });
      await world.round();
      world.cluster.away = false;
      world.cluster.whileSubmitting = null;
      await world.until(asleep);
    },
    end: firstIsGone,
  },
  {
    name: 'wake while a submission that was given up still goes on',
    topic: 'submissions',
    setUp: (world) => register(world),
    play: async (world) => {
      world.cluster.landsAfterMs = 2_500;
      await world.wish({ kind: 'wake', hfModelId: MODEL });
      await world.until(({ cluster }) => cluster.length > 0);
      world.cluster.landsAfterMs = null;
      await world.until(({ model }) => model?.state === 'ready');
    },
    end: firstServes,
  },
  {
    name: 'sleep while a submission that was given up still goes on',
    topic: 'submissions',
    setUp: async (world) => {
      await register(world);
      world.cluster.fate = { queueMs: 600_000, loadMs: 0, failsAfterMs: null };
      world.cluster.landsAfterMs = 2_500;
      await world.wish({ kind: 'wake', hfModelId: MODEL });
      await world.round();
    },
    play: async (world) => {
      await world.wish({ kind: 'sleep', hfModelId: MODEL });
      await world.until(({ cluster }) => cluster.length > 0);
      await world.until(
        ({ cluster, model }) => cluster[0]?.state === 'gone' && model?.state === 'not_loaded',
      );
    },
    end: firstIsGone,
  },
  {
    name: 'delete and register again: the job is adopted',
    topic: 'ending',
    setUp: (world) => wakeUp(world),
    play: async (world) => {
      await world.wish({ kind: 'unregister', hfModelId: MODEL, stop: false });
      await world.until(serving(0));
      await world.round();
      await world.wish({ kind: 'register', spec: spec() });
      await world.until(({ model, routes }) => routes.length === 1 && model?.state === 'ready');
    },
    end: { ...firstServes, commands: [...woken, 'unregister applied', 'register applied'] },
  },
  {
    name: 'delete with its jobs',
    topic: 'ending',
    setUp: (world) => wakeUp(world),
    play: async (world) => {
      await world.wish({ kind: 'unregister', hfModelId: MODEL, stop: true });
      await world.until(({ jobs, model }) => jobs[0]?.phase === 'ended' || model === null);
    },
    end: {
      ...firstIsGone,
      model: { ...up, state: 'not_loaded', registered: false },
      commands: [...woken, 'unregister applied'],
    },
  },
  ...changes,
  ...ofServices,
];
