import type { Room } from '../planning/staff/room.ts';
import type { Expectation, StartExpectation } from '../starts/expectation.ts';
import type { StartHistory } from '../starts/start-history.ts';
import type { ClusterName, JobId } from './ids.ts';
import type { Job } from './job.ts';
import type { Model, ModelState } from './model.ts';
import type { ClusterReachability, Demand } from './observed.ts';
import type { DurationMs, EpochMs } from './time.ts';

/** Numbers that steer the reconciler. One frozen object per process; tests vary it. */
export interface Policy {
  /** Failed tries in a row on one cluster after which the model is not tried there until someone wakes it. */
  readonly maxFailures: number;
  /** Wait before the next try after the n-th failure in a row; the last one repeats. */
  readonly backoffMs: readonly DurationMs[];
  /**
   * A job that was ready for this long, or for half of its time, has proven itself: failures before and its own end do
   * not add up.
   */
  readonly stableAfterMs: DurationMs;
  /** Longest time that a job may keep its streams which a person wants ended, or of which nobody knows its end. */
  readonly drainTimeoutMs: DurationMs;
  /** This long before its end a job is asked to end at the latest; no cluster may warn it any earlier. */
  readonly endMarginMs: DurationMs;
  /** What a handover needs may stand still for so long without a stream being cut for it: a scheduler, the cluster. */
  readonly setbackMs: DurationMs;
  /** From asking a job to end to cancelling it outright, and between repeated cancels. */
  readonly endGraceMs: DurationMs;
  /** Longest sleep between two looks at an awake model. */
  readonly lookAgainMs: DurationMs;
  /** Sleep between two looks while a job drains: nobody tells when its last stream is over. */
  readonly lookSoonMs: DurationMs;
  /** Sleep between two looks while something is in doubt: a submission, a cluster that had an accident, the demand. */
  readonly lookInDoubtMs: DurationMs;
  /** Sleep between two looks at a model that has no work and waits for a command. */
  readonly lookRarelyMs: DurationMs;
  /** Requests per job that autoscaling aims at when the engine's capacity is unknown. */
  readonly assumedCapacity: number;
  /** Share of the capacity above which a job is added, 0–1. */
  readonly scaleUpAt: number;
  /** Share of the capacity that must be left free for a job to be taken away, 0–1. */
  readonly scaleDownAt: number;
  readonly scaleUpCooldownMs: DurationMs;
  readonly scaleDownCooldownMs: DurationMs;
  /** A cluster that is named earlier is preferred though a job is expected to start there so much later. */
  readonly preferenceMs: DurationMs;
  /** So long before its end it is told that the job of a service ends, at most. */
  readonly endingNoticeMs: DurationMs;
  /** A job that has waited so long, and will for as long again, gets a rival on another cluster. */
  readonly raceAfterMs: DurationMs;
  /** After so long a silence of a cluster its jobs are replaced from another one. */
  readonly unreachableAfterMs: DurationMs;
}

/** What the reconciler looks at. `jobs` are all live ones, the newest ended ones on each cluster (`endedToJudge`) and the newest of all. */
export interface Observed {
  readonly jobs: readonly Job[];
  readonly demand: Demand;
  /** A cluster that is missing here has not been asked yet; it is given the benefit of the doubt. */
  readonly clusters: Readonly<Record<ClusterName, ClusterReachability>>;
  /** How long a job of the model waits, by the clusters that it may run on. What is missing here is unknown. */
  readonly history: Readonly<Record<ClusterName, StartHistory>>;
  /** Jobs on silent clusters whose engines have answered lately all the same; null: not known. */
  readonly answering: readonly JobId[] | null;
  /**
   * How many more jobs of the model clusters may get, where their configuration limits it. Read only for a plan that
   * would start some: what is missing here is not limited, or not asked for.
   */
  readonly room?: Readonly<Record<ClusterName, Room>>;
}

/** One idempotent step towards the desired state. */
export type Action =
  /** Write the row of a new job; `submit` follows in the same run. */
  | {
      readonly kind: 'intend';
      readonly seq: number;
      readonly cluster: ClusterName;
      readonly successorOf: JobId | null;
      readonly rivalOf: JobId | null;
    }
  /** Find the job by its name or submit it. */
  | { readonly kind: 'submit'; readonly jobId: JobId }
  /** Send it no new requests; of a job that drains already, it has less time left. */
  | { readonly kind: 'drain'; readonly jobId: JobId; readonly until: EpochMs }
  /** Ask the engine to finish: USR1 to the batch shell. */
  | { readonly kind: 'askToEnd'; readonly jobId: JobId }
  /**
   * Cancel it outright. A job that is still `intended` may be on the cluster all the same (a crash after
   * the submission): find it by its name, cancel what is found, then end the row as `as_asked`.
   */
  | { readonly kind: 'cancel'; readonly jobId: JobId };

/** Changes of the desired state that follow from time and demand, not from a command. */
export interface ModelPatch {
  readonly idle?: boolean;
  readonly replicas?: number;
  readonly replicasChangedAt?: EpochMs;
  readonly surplusSince?: EpochMs | null;
  readonly lastRequestAt?: EpochMs;
}

export interface Plan {
  /** In the order in which they should be done. */
  readonly actions: readonly Action[];
  readonly patch: ModelPatch;
  readonly state: ModelState;
  /** For people; set when `state` is `failed` or something is in the way. */
  readonly reason: string | null;
  /** Waiting jobs of whose start something else is to be told from now on. */
  readonly expectedStarts: readonly StartExpectation[];
  /** When it is expected to serve; null while it does, and when nobody knows. */
  readonly expectedReady: Expectation | null;
  /** Always later than `now`. */
  readonly lookAgainAt: EpochMs;
  /** One constant phrase per decision, for log and API. */
  readonly because: readonly string[];
}

export type Reconcile = (model: Model, observed: Observed, policy: Policy, now: EpochMs) => Plan;
