import type { ClusterName } from '@wakefield/domain';
import type { Sight } from './sight.ts';
import { MODEL, spec, type World } from './world.ts';

export type Topic = 'waking' | 'staffing' | 'submissions' | 'ending' | 'changing' | 'services';

/** A stretch of a model's life that may be interrupted anywhere between its beginning and its end. */
export interface Scenario {
  readonly name: string;
  /** The test file it is tried in: crash-<topic>.itest.ts. */
  readonly topic: Topic;
  /**
   * The effects that are tried of it in `npm test`, once or twice each: those that differ from what others try.
   * Absent: what is decisive each time, and all others at their first occurrences.
   */
  readonly own?: RegExp;
  /** Clusters besides the first one. */
  readonly clusters?: readonly ClusterName[];
  /** Somebody is told of services. */
  readonly listens?: boolean;
  /** What was before; not interrupted. */
  readonly setUp: (world: World) => Promise<void>;
  readonly play: (world: World) => Promise<void>;
  readonly end: Sight;
}

const ready = ({ jobs }: Sight) => jobs.at(-1)?.phase === 'ready';
export const serving = (count: number) => (sight: Sight) => sight.routes.length === count;
export const asleep = ({ model }: Sight) => model?.state === 'not_loaded';

/** A model on the cluster, asleep. */
export async function register(world: World, over: Parameters<typeof spec>[0] = {}): Promise<void> {
  await world.wish({ kind: 'activate', cluster: null });
  await world.round();
  await world.wish({ kind: 'register', spec: spec(over) });
  await world.round();
}

export async function wakeUp(world: World, over: Parameters<typeof spec>[0] = {}): Promise<void> {
  await register(world, over);
  await world.wish({ kind: 'wake', hfModelId: MODEL });
  await world.until(ready);
}

export const woken = ['activate applied', 'register applied', 'wake applied'];
export const job = (
  seq: number,
  phase: string,
  outcome: string | null = null,
  successorOf: number | null = null,
) => ({
  seq,
  phase,
  outcome,
  successorOf,
});
export const up = { state: 'ready', idle: false, replicas: 1, registered: true };
const down = { state: 'not_loaded', idle: true, replicas: 1, registered: true };

/** The first job serves; nothing else was ever submitted. */
export const firstServes: Sight = {
  model: up,
  jobs: [job(1, 'ready')],
  cluster: [{ seq: 1, state: 'running' }],
  commands: woken,
  routes: [1],
};
/** The first job has gone as it was asked to, and the second one serves. */
export const secondServes: Sight = {
  model: up,
  jobs: [job(1, 'ended', 'as_asked'), job(2, 'ready')],
  cluster: [
    { seq: 1, state: 'gone' },
    { seq: 2, state: 'running' },
  ],
  commands: woken,
  routes: [2],
};
/** The same, where the second one took over from the first. */
export const successorServes: Sight = {
  ...secondServes,
  jobs: [job(1, 'ended', 'as_asked'), job(2, 'ready', null, 1)],
};
/** The model sleeps, and its first and only job has gone. */
export const firstIsGone: Sight = {
  model: down,
  jobs: [job(1, 'ended', 'as_asked')],
  cluster: [{ seq: 1, state: 'gone' }],
  commands: [...woken, 'sleep applied'],
  routes: [],
};
