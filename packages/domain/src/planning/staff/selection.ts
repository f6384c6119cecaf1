import type { Job } from '../../vocabulary/job.ts';
import { clustersOf } from '../../vocabulary/model.ts';
import type { EpochMs } from '../../vocabulary/time.ts';
import { runningOn, type Scene } from '../scene.ts';
import { hasLost, isRace } from './race.ts';
import { replaceAt } from './replace-at.ts';

/** The current jobs of a model by what has to become of them. */
export interface Sorted {
  /** Good as they are. */
  readonly fresh: readonly Job[];
  /** To be replaced, most urgent first: those whose walltime runs out, then those of an old revision. */
  readonly replaceable: readonly Job[];
  /** Of an old revision and of no use to anybody yet. */
  readonly useless: readonly Job[];
}

/** What stays and what goes, for a wanted number of jobs. */
export interface Selection {
  readonly fresh: readonly Job[];
  readonly replaceable: readonly Job[];
  readonly unwanted: readonly Job[];
}

/** Whether a job was launched from an older version of the model, or where it is not wanted any more. */
function isOutdated({ revision, cluster }: Job, { model }: Scene): boolean {
  return revision !== model.revision || !clustersOf(model).includes(cluster);
}

/** @param present current jobs that count */
export function sortOut(scene: Scene, present: readonly Job[]): Sorted {
  const outdated = present.filter((job) => isOutdated(job, scene));
  const uptodate = present.filter((job) => !isOutdated(job, scene));
  const ages = (job: Job) => dueAt(job, scene) <= scene.now;
  return {
    fresh: uptodate.filter((job) => !ages(job)),
    replaceable: [
      ...uptodate.filter(ages).sort((a, b) => dueAt(a, scene) - dueAt(b, scene) || a.seq - b.seq),
      ...outdated.filter(isReady),
    ],
    useless: outdated.filter((job) => !isReady(job)),
  };
}

/**
 * A replaceable job holds its place until a fresh one is ready for it. Surplus fresh jobs go: pending ones
 * first, then the idlest; of those that race, the losers once one of them runs.
 */
export function select(sorted: Sorted, wanted: number, scene: Scene): Selection {
  const lost = (job: Job) => (hasLost(job, sorted.fresh) ? 0 : 1);
  const leaveFirst = [...sorted.fresh].sort(
    (a, b) => lost(a) - lost(b) || dispensability(a, b, scene),
  );
  const gone = leave(leaveFirst, wanted, scene);
  const fresh = sorted.fresh.filter((job) => !gone.includes(job));

  const places = wanted - fresh.filter(isReady).length;
  const serving = sorted.replaceable.filter(isReady);
  const others = sorted.replaceable.filter((job) => !isReady(job));
  const keptServing = keepLast(serving, places);
  const keptOthers = keepLast(others, places - keptServing.length);
  const kept = new Set([...keptServing, ...keptOthers]);
  return {
    fresh,
    replaceable: sorted.replaceable.filter((job) => kept.has(job)),
    unwanted: [...sorted.useless, ...gone, ...sorted.replaceable.filter((job) => !kept.has(job))],
  };
}

/** Those that are too many: one more than is wanted stays as long as those that stay race. */
function leave(leaveFirst: readonly Job[], wanted: number, scene: Scene): readonly Job[] {
  const first = (surplus: number) =>
    leaveFirst.slice(0, Math.max(0, surplus)).filter((job) => !isAwaited(job, wanted, scene));
  const surplus = leaveFirst.length - wanted;
  const few = first(surplus - 1);
  const staying = leaveFirst.filter((job) => !few.includes(job));
  return wanted > 0 && isRace(staying) ? few : first(surplus);
}

/** Walltimes wait for nobody, so every ageing job has its successor; old revisions go one at a time. */
export function needSuccessor({ fresh, replaceable }: Selection, scene: Scene): readonly Job[] {
  const pending = fresh.filter((job) => !isReady(job)).length;
  const succeeded = new Set(fresh.map(({ successorOf }) => successorOf));
  const open = replaceable.filter(({ id }) => !succeeded.has(id));
  const ageing = open.filter((job) => !isOutdated(job, scene));
  const outdated = open.filter((job) => isOutdated(job, scene));
  return [...ageing, ...(pending + ageing.length > 0 ? [] : outdated.slice(0, 1))];
}

/** Loads, and somebody waits for what it will be. */
function isAwaited({ phase }: Job, wanted: number, { model, demand }: Scene): boolean {
  return phase === 'starting' && wanted > 0 && model.spec.autoscale && (demand?.held ?? 0) > 0;
}

function dispensability(a: Job, b: Job, { demand }: Scene): number {
  if (isReady(a) !== isReady(b)) return isReady(a) ? 1 : -1;
  if (!isReady(a)) return rank(a) - rank(b) || sinceOf(b) - sinceOf(a) || b.seq - a.seq;
  return (runningOn(demand, a.id) ?? 0) - (runningOn(demand, b.id) ?? 0) || a.seq - b.seq;
}

/**
 * Of two that load, the one that began first is ready first; of two that wait, the one that has waited longer: one that
 * its cluster put back into the queue waits anew.
 */
function sinceOf({ startedAt, submittedAt }: Job): EpochMs {
  return startedAt ?? submittedAt ?? 0;
}

function rank({ phase }: Job): number {
  return phase === 'intended' ? 0 : phase === 'queued' ? 1 : 2;
}

function isReady({ phase }: Job): boolean {
  return phase === 'ready';
}

function dueAt(job: Job, scene: Scene): EpochMs {
  return replaceAt(job, scene) ?? Number.MAX_SAFE_INTEGER;
}

function keepLast(jobs: readonly Job[], count: number): readonly Job[] {
  return count <= 0 ? [] : jobs.slice(-count);
}
