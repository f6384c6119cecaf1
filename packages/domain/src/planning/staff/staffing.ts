import type { JobId } from '../../vocabulary/ids.ts';
import type { Job } from '../../vocabulary/job.ts';
import { clustersOf } from '../../vocabulary/model.ts';
import type { Action } from '../../vocabulary/plan.ts';
import type { EpochMs } from '../../vocabulary/time.ts';
import { absentFrom } from '../absence.ts';
import { type Decision, isReachable, type Scene } from '../scene.ts';
import { pickCluster } from './pick-cluster.ts';
import { findRival, isRace, placesOf, raceFrom, type Start, waits } from './race.ts';
import { hasHeir, replaceAt } from './replace-at.ts';
import { needSuccessor, type Selection, select, sortOut } from './selection.ts';

/** Which jobs to start and which to end. */
export interface Staffing extends Decision {
  readonly unwanted: readonly Job[];
}

/** Brings the number of jobs towards `wanted`, replacing before ending. */
export function staff(scene: Scene, wanted: number): Staffing {
  const present = wanted === 0 ? scene.current : scene.present;
  const selection = select(sortOut(scene, present), wanted, scene);
  const kept = [...selection.fresh, ...selection.replaceable];
  const ageing = kept.filter((job) => !hasHeir(job, scene));
  const missing = start(scene, openings(selection, wanted, scene), kept);
  const room = wanted - placesOf(selection.fresh) - missing.starts.length;
  const stays = selection.unwanted.some((job) => staysForNow(job, scene));
  const rival = race(scene, room < 0 || stays ? [] : selection.fresh);
  const starts = [...missing.starts, ...rival.starts];
  return {
    unwanted: selection.unwanted,
    actions: [...submissions(kept, scene), ...intentions(scene, starts)],
    because: [...(missing.because ?? []), ...(rival.because ?? [])],
    deadlines: [
      ...(missing.deadlines ?? []),
      ...(rival.deadlines ?? []),
      ...ageing.map((job) => replaceAt(job, scene)).filter((at) => at !== null),
      ...present.map(({ cluster }) => absentFrom(cluster, scene)).filter((at) => at !== null),
    ],
  };
}

/** Unwanted, and where nobody can cancel it at the moment. */
function staysForNow({ phase, cluster }: Job, scene: Scene): boolean {
  return phase !== 'ready' && !isReachable(scene, cluster);
}

/**
 * An unregistered model's jobs go on until they end by themselves. Only what is not known to be on the
 * cluster is called off: nothing runs for it.
 */
export function letGo(scene: Scene): Staffing {
  const unwanted = scene.current.filter(
    ({ phase, clusterJobId }) => phase === 'intended' && clusterJobId === null,
  );
  return { unwanted };
}

/**
 * One entry per job to start: the job that it succeeds, or null. A job to be replaced fills a place only as long as
 * none is on its way for it: where that one is among the fresh, it fills the place itself.
 */
function openings(selection: Selection, wanted: number, scene: Scene): readonly (JobId | null)[] {
  const succeeded = new Set(selection.fresh.map(({ successorOf }) => successorOf));
  const heirless = selection.replaceable.filter(({ id }) => !succeeded.has(id));
  const missing = Math.max(0, wanted - placesOf(selection.fresh));
  const plain = Math.max(0, missing - heirless.length);
  const successors = needSuccessor(selection, scene).slice(0, missing - plain);
  return [...successors.map(({ id }) => id), ...Array.from({ length: plain }, () => null)];
}

interface Starts extends Decision {
  readonly starts: readonly Start[];
}

function start(scene: Scene, open: readonly (JobId | null)[], kept: readonly Job[]): Starts {
  const starts: Start[] = [];
  const because = new Set<string>();
  const deadlines: EpochMs[] = [];
  for (const successorOf of open) {
    const urgent = keepsServing(successorOf, scene);
    if (scene.failures.gaveUp && !urgent) {
      because.add('failed too often: starts nothing until woken');
      continue;
    }
    const planned = starts.map(({ cluster }) => cluster);
    const cluster = pickCluster(scene, { kept, planned, urgent });
    if (cluster === null) {
      const waiting = waitForCluster(scene, urgent);
      because.add(waiting.because);
      deadlines.push(...waiting.deadlines);
      continue;
    }
    starts.push({ cluster, successorOf, rivalOf: null });
    because.add(
      successorOf === null ? 'a job is missing: starts one' : 'a job needs a successor: starts one',
    );
  }
  return { starts, because: [...because], deadlines };
}

function waitForCluster(scene: Scene, urgent: boolean) {
  const { retryAt, spent } = scene.failures;
  const reachable = clustersOf(scene.model).filter((name) => isReachable(scene, name));
  if (reachable.length === 0)
    return { because: 'the cluster does not answer: starts nothing', deadlines: [] };
  const untried = reachable.filter((name) => urgent || !spent.has(name));
  return {
    because: 'failed lately: waits before the next try',
    deadlines: untried.map((name) => retryAt.get(name) ?? scene.now),
  };
}

/** A second job where the first waits too long: one more than is wanted, until one of the two runs. */
function race(scene: Scene, fresh: readonly Job[]): Starts {
  if (clustersOf(scene.model).length === 1 || isRace(fresh)) return { starts: [] };
  const rival = findRival(fresh, scene);
  return rival === null
    ? { starts: [], deadlines: fresh.filter(waits).map((job) => raceFrom(job, scene)) }
    : { starts: [rival], because: ['a job waits for long: starts a rival on another cluster'] };
}

function intentions({ jobs }: Scene, starts: readonly Start[]): readonly Action[] {
  const lastSeq = Math.max(0, ...jobs.map(({ seq }) => seq));
  return starts.map((wish, index) => ({ kind: 'intend', seq: lastSeq + 1 + index, ...wish }));
}

/** Whether a model that serves would be down at the end of a walltime without this successor. */
function keepsServing(successorOf: JobId | null, scene: Scene): boolean {
  const job = scene.current.find(({ id }) => id === successorOf);
  if (job?.phase !== 'ready') return false;
  return (replaceAt(job, scene) ?? Number.POSITIVE_INFINITY) <= scene.now;
}

/** Jobs whose submission was cut short: look for them by name, submit those that are not there. */
function submissions(kept: readonly Job[], scene: Scene): readonly Action[] {
  return kept
    .filter(({ phase, clusterJobId }) => phase === 'intended' && clusterJobId === null)
    .filter(({ cluster }) => isReachable(scene, cluster))
    .map(({ id }): Action => ({ kind: 'submit', jobId: id }));
}
