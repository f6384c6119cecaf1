import { estimateStart, expectedWait } from '../../starts/start-estimate.ts';
import type { ClusterName, JobId } from '../../vocabulary/ids.ts';
import type { Job } from '../../vocabulary/job.ts';
import { clustersOf } from '../../vocabulary/model.ts';
import type { EpochMs } from '../../vocabulary/time.ts';
import type { Scene } from '../scene.ts';
import { pickCluster } from './pick-cluster.ts';

/** A job to be started: where, and which one it succeeds. */
export interface Start {
  readonly cluster: ClusterName;
  readonly successorOf: JobId | null;
  /** The job whose place it may take. */
  readonly rivalOf: JobId | null;
}

/**
 * Whether two jobs race for one place. As long as both wait, one more than is wanted is kept; the first that runs
 * ends it.
 */
export function isRace(fresh: readonly Job[]): boolean {
  const waiting = fresh.filter(waits);
  return waiting.some(({ rivalOf }) => waiting.some(({ id }) => id === rivalOf));
}

/** How many of the wanted jobs these are: two that race are one. */
export function placesOf(fresh: readonly Job[]): number {
  return fresh.length - (isRace(fresh) ? 1 : 0);
}

/** Whether it waits for a place that the other one of a race has taken. */
export function hasLost(job: Job, fresh: readonly Job[]): boolean {
  if (!waits(job)) return false;
  const others = fresh.filter(({ id, rivalOf }) => id === job.rivalOf || rivalOf === job.id);
  return others.some((other) => !waits(other));
}

/**
 * A rival for the job that has waited longest, if it is not expected to start soon and may start earlier elsewhere.
 * Where the model failed lately nothing is raced: that would spend its tries while another job may yet start.
 */
export function findRival(fresh: readonly Job[], scene: Scene): Start | null {
  if (scene.failures.gaveUp) return null;
  for (const job of fresh.filter((one) => waits(one) && raceFrom(one, scene) <= scene.now)) {
    const elsewhere = clustersOf(scene.model)
      .filter((name) => name !== job.cluster && !scene.failures.doubtful.has(name))
      .filter((name) => !fresh.some((other) => other.cluster === name && isHeirBeside(job, other)))
      .filter((name) => startsEarlier(name, job, scene));
    const cluster = pickCluster(scene, { among: elsewhere });
    if (cluster !== null) return { cluster, successorOf: job.successorOf, rivalOf: job.id };
  }
  return null;
}

/** Whether both are to succeed the same job. */
function isHeirBeside({ id, successorOf }: Job, other: Job): boolean {
  return successorOf !== null && other.id !== id && other.successorOf === successorOf;
}

/** From when on a waiting job may get a rival. */
export function raceFrom(job: Job, { policy }: Scene): EpochMs {
  return (job.submittedAt ?? job.intendedAt) + policy.raceAfterMs;
}

/** Has not run yet; a job that its cluster put back into the queue counts, too. */
export function waits({ phase }: Job): boolean {
  return phase === 'intended' || phase === 'queued';
}

function startsEarlier(cluster: ClusterName, job: Job, { history, now, policy }: Scene): boolean {
  const startsBy = estimateStart(job, history[job.cluster] ?? null, now)?.to;
  if (startsBy === undefined) return true;
  if (startsBy <= now + policy.raceAfterMs) return false;
  const there = expectedWait(history[cluster] ?? null, now);
  return there === null || now + there.high < startsBy;
}
