import type { ClusterName, JobId, JobName, ModelId, ProjectName, ServiceId } from './ids.ts';
import type { EpochMs } from './time.ts';

/**
 * Life of a job:
 * - `intended`  the row exists; the cluster may or may not know the job yet
 * - `queued`    the cluster accepted it
 * - `starting`  it runs; the engine is not ready
 * - `ready`     probed and routed to
 * - `draining`  gets no new requests, finishes those it has
 * - `ended`     over; `outcome` says how
 */
export type JobPhase = 'intended' | 'queued' | 'starting' | 'ready' | 'draining' | 'ended';

/**
 * How a job ended.
 * - `as_asked`     we ended it (sleep, scale down, handover, stop)
 * - `timeout`      its walltime was over
 * - `failed`       the engine or the script failed; `reason` carries the log tail
 * - `cancelled`    somebody else cancelled it
 * - `preempted`, `node_failed`  the cluster took it away
 * - `not_set_up`   its engine is not installed there, or a set-up line failed: no engine ran
 * - `refused`      the cluster would not accept it and never will as it is; `reason` carries the cluster's words
 * - `no_room`      the cluster takes no more jobs for now (a limit of the account, a drained partition)
 * - `lost`         it is gone and nobody knows why
 */
export type JobOutcome =
  | 'as_asked'
  | 'timeout'
  | 'failed'
  | 'cancelled'
  | 'preempted'
  | 'node_failed'
  | 'not_set_up'
  | 'refused'
  | 'no_room'
  | 'lost';

/** Where an engine listens, as the cluster's transport has to dial it. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** When a waiting job is expected to start, and where that comes from. */
export interface StartEstimate {
  readonly from: EpochMs;
  /** Nine of ten are there by then. */
  readonly to: EpochMs;
  /**
   * - `cluster`  the cluster's own plan for this very job (squeue)
   * - `history`  how long jobs of its shape waited before
   * - `trial`    what the cluster said of such a job without taking it (sbatch --test-only)
   */
  readonly source: 'cluster' | 'history' | 'trial';
}

/** One batch job that we intended, merged with what was last seen of it. */
export interface Job {
  readonly id: JobId;
  /** Whose it is: of a model or of a service, and of nobody else. */
  readonly modelId: ModelId | null;
  readonly serviceId: ServiceId | null;
  readonly project: ProjectName;
  readonly cluster: ClusterName;
  readonly seq: number;
  readonly name: JobName;
  /** Revision of the model that it was launched from. */
  readonly revision: number;
  readonly phase: JobPhase;
  readonly outcome: JobOutcome | null;
  /** A sentence for people: why it waits, or why it ended. */
  readonly reason: string | null;
  readonly successorOf: JobId | null;
  /** The job that it is to overtake: both wait for one place, on two clusters. null: its place is its own. */
  readonly rivalOf: JobId | null;
  readonly walltimeSeconds: number;
  /**
   * The queue that it waits in and what it asks for, as one comparable word: jobs of one shape on one cluster wait
   * alike.
   */
  readonly shape: string;
  readonly clusterJobId: string | null;
  readonly node: string | null;
  readonly address: Address | null;
  /** Requests that the engine takes at once, where known. */
  readonly capacity: number | null;
  readonly intendedAt: EpochMs;
  readonly submittedAt: EpochMs | null;
  /** The cluster's own plan for its start, while it waits. */
  readonly forecastAt: EpochMs | null;
  /** What people were told last of its start, while it waits. */
  readonly expectedStart: StartEstimate | null;
  /** What people were told first, by which estimates are judged. */
  readonly firstExpected: StartEstimate | null;
  readonly startedAt: EpochMs | null;
  /** When the cluster will end it; the cluster's word, not our sum. */
  readonly endsAt: EpochMs | null;
  /** Its script makes what its recipe needs; the program does not run yet. */
  readonly building: boolean;
  /** An operator takes its node out of service: nothing new starts there. */
  readonly nodeLeaving: boolean;
  readonly readyAt: EpochMs | null;
  /** Until when its requests may go on, though it gets no new ones; null while it may get some. */
  readonly drainUntil: EpochMs | null;
  /** When we asked the engine to finish (USR1 to the batch shell). */
  readonly endAskedAt: EpochMs | null;
  /** When we last cancelled it outright. */
  readonly cancelledAt: EpochMs | null;
  readonly endedAt: EpochMs | null;
}

/** A job that may hold resources on a cluster. */
export function isLive(job: Pick<Job, 'phase'>): boolean {
  return job.phase !== 'ended';
}

/** A job on its way out: it gets no new requests, does not count as capacity and never comes back. */
export function isLeaving(job: Pick<Job, 'phase' | 'endAskedAt' | 'cancelledAt'>): boolean {
  return (
    isLive(job) && (job.phase === 'draining' || job.endAskedAt !== null || job.cancelledAt !== null)
  );
}

/** Fields of a job that change during its life. */
export type JobPatch = Partial<
  Pick<
    Job,
    | 'phase'
    | 'outcome'
    | 'reason'
    | 'clusterJobId'
    | 'node'
    | 'address'
    | 'capacity'
    | 'submittedAt'
    | 'forecastAt'
    | 'expectedStart'
    | 'firstExpected'
    | 'startedAt'
    | 'endsAt'
    | 'building'
    | 'nodeLeaving'
    | 'readyAt'
    | 'drainUntil'
    | 'endAskedAt'
    | 'cancelledAt'
    | 'endedAt'
  >
>;
