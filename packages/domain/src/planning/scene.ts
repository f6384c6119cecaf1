import type { StartHistory } from '../starts/start-history.ts';
import type { ClusterName, JobId } from '../vocabulary/ids.ts';
import { isLeaving, isLive, type Job } from '../vocabulary/job.ts';
import type { Model } from '../vocabulary/model.ts';
import type { ClusterReachability, Demand } from '../vocabulary/observed.ts';
import type { Action, ModelPatch, Observed, Policy } from '../vocabulary/plan.ts';
import type { EpochMs } from '../vocabulary/time.ts';
import type { Room } from './staff/room.ts';

/** One model and its jobs, sorted and sorted out once for all deciders. */
export interface Scene {
  readonly model: Model;
  readonly policy: Policy;
  readonly now: EpochMs;
  readonly demand: Demand;
  /** All known jobs, oldest first. */
  readonly jobs: readonly Job[];
  /** Live and not on their way out. */
  readonly current: readonly Job[];
  /** Live and on their way out. */
  readonly leaving: readonly Job[];
  readonly clusters: Readonly<Record<ClusterName, ClusterReachability>>;
  readonly history: Readonly<Record<ClusterName, StartHistory>>;
  readonly answering: readonly JobId[] | null;
  readonly room: Readonly<Record<ClusterName, Room>>;
}

/** What one decider contributes to a plan. */
export interface Decision {
  readonly actions?: readonly Action[];
  readonly patch?: ModelPatch;
  readonly because?: readonly string[];
  /** Moments at which this decision may come out differently. */
  readonly deadlines?: readonly EpochMs[];
}

/** Puts the jobs into the order of their numbers, so that no decision hangs on the order of a query. */
export function survey(model: Model, observed: Observed, policy: Policy, now: EpochMs): Scene {
  const jobs = [...observed.jobs].sort(bySeq);
  return {
    model,
    policy,
    now,
    demand: observed.demand,
    jobs,
    current: jobs.filter((job) => isLive(job) && !isLeaving(job)),
    leaving: jobs.filter(isLeaving),
    clusters: observed.clusters,
    history: observed.history,
    answering: observed.answering,
    room: observed.room ?? {},
  };
}

/** Oldest first; total, because ids differ. */
function bySeq(a: Job, b: Job): number {
  return a.seq - b.seq || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

/** Whether calls to the cluster make sense now. A cluster that was never asked is tried. */
export function isReachable(scene: Scene, cluster: ClusterName): boolean {
  return scene.clusters[cluster]?.reachable ?? true;
}

/** Requests that run on a job; null when no proxy tells. */
export function runningOn(demand: Demand, jobId: JobId): number | null {
  return demand === null ? null : (demand.runningByJob[jobId] ?? 0);
}

/** Requests that run or wait, over all jobs; null when no proxy tells. */
export function requestsOf(demand: Demand): number | null {
  return demand === null ? null : demand.running + demand.held;
}
