import type { StartHistory } from '../starts/start-history.ts';
import type { ClusterName, JobId } from '../vocabulary/ids.ts';
import type { Job } from '../vocabulary/job.ts';
import type { Model } from '../vocabulary/model.ts';
import type { ClusterReachability, Demand } from '../vocabulary/observed.ts';
import type { Action, ModelPatch, Policy } from '../vocabulary/plan.ts';
import type { EpochMs } from '../vocabulary/time.ts';
import type { Failures } from './failure.ts';
import type { Room } from './staff/room.ts';

/** One model and its jobs, sorted and sorted out. */
export interface View {
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

/** What all deciders look at, worked out once for them. */
export interface Scene extends View {
  /** Of the current jobs those that count: on clusters that answer, or not silent for long. */
  readonly present: readonly Job[];
  readonly failures: Failures;
}

/** What one decider contributes to a plan. */
export interface Decision {
  readonly actions?: readonly Action[];
  readonly patch?: ModelPatch;
  readonly because?: readonly string[];
  /** Moments at which this decision may come out differently. */
  readonly deadlines?: readonly EpochMs[];
}

/** Whether calls to the cluster make sense now. A cluster that was never asked is tried. */
export function isReachable(scene: Pick<View, 'clusters'>, cluster: ClusterName): boolean {
  return scene.clusters[cluster]?.reachable ?? true;
}

/** Requests that run on a job, at least; null when none is known of and a proxy may be missing. */
export function runningOn(demand: Demand, jobId: JobId): number | null {
  return atLeast(demand?.runningByJob[jobId] ?? 0, demand);
}

/** Requests that run or wait, over all jobs, at least; null when none is known of and a proxy may be missing. */
export function requestsOf(demand: Demand): number | null {
  return demand === null ? null : atLeast(demand.running + demand.held, demand);
}

function atLeast(count: number, demand: Demand): number | null {
  return count > 0 || isWhole(demand) ? count : null;
}

/** Whether all proxies have told what they count. */
export function isWhole(demand: Demand): boolean {
  return demand?.isWhole === true;
}
