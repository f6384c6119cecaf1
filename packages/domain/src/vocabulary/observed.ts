import type { ClusterName, JobId, JobName } from './ids.ts';
import type { Address } from './job.ts';
import type { EpochMs } from './time.ts';

/** What a cluster says of one job, normalised over its kinds and versions. */
export interface ClusterJob {
  readonly clusterJobId: string;
  readonly name: JobName;
  readonly state: ClusterJobState;
  /** The cluster's own words, e.g. `Resources`, `NonZeroExitCode`. */
  readonly reason: string | null;
  readonly node: string | null;
  readonly submittedAt: EpochMs | null;
  /** When the cluster plans to start it, while it waits. */
  readonly forecastAt: EpochMs | null;
  readonly startedAt: EpochMs | null;
  readonly endsAt: EpochMs | null;
  /** Its node is being taken out of service (SLURM: DRAIN); null: the cluster was not asked, or did not say. */
  readonly nodeLeaving: boolean | null;
}

/** facts of SLURM's states folded to what we act on (job_state_codes; engines.md §7.2). */
export type ClusterJobState =
  | 'pending'
  | 'running'
  /** has its place, and its processes stand still: it serves nobody until it is resumed */
  | 'suspended'
  /** finished, still cleaning up; no longer serving */
  | 'completing'
  | 'completed'
  | 'failed'
  | 'cancelled'
  | 'timeout'
  | 'preempted'
  | 'node_failed'
  /** a state we do not know: keep looking, change nothing */
  | 'unknown';

/** What the job's script wrote when it ended by itself. */
export interface ExitRecord {
  readonly exitCode: number;
  /**
   * - `drained`     it ended because we asked
   * - `engine`      the engine ended by itself
   * - `terminated`  TERM from the cluster
   * - `setup`       a set-up line failed, and no engine was started
   * - `absent`      the engine is not installed there
   */
  readonly cause: 'drained' | 'engine' | 'terminated' | 'setup' | 'absent';
  /** With `absent`: the program that was looked for, where that is known. */
  readonly missing?: string;
  readonly at: EpochMs;
}

/** Everything that one observation cycle knows of one job. */
export interface JobSighting {
  /** null: the cluster answered and does not list it. */
  readonly clusterJob: ClusterJob | null;
  /** From the endpoint file; null until the engine's port is chosen. */
  readonly address: Address | null;
  /** What the endpoint file says, where that is no place of its job; null: it is, or says nothing. */
  readonly misplaced: Address | null;
  /** From the stage file: its script makes what its recipe needs. */
  readonly building: boolean;
  readonly exit: ExitRecord | null;
  /** Last lines of its log, present once it is over. */
  readonly logTail: string | null;
  /** Mean over its GPUs, 0–100; null where there is no sampler. */
  readonly gpuUtilization: number | null;
}

/** Of a job that the cluster neither lists nor has files of. */
export const unseen: JobSighting = {
  clusterJob: null,
  address: null,
  misplaced: null,
  building: false,
  exit: null,
  logTail: null,
  gpuUtilization: null,
};

/** One bulk look at a cluster: every job of ours that it lists, and the files of those we asked for. */
export interface ClusterSnapshot {
  readonly cluster: ClusterName;
  /** Taken before the cluster was asked: a job submitted later may rightly be missing. */
  readonly takenAt: EpochMs;
  readonly sightings: ReadonlyMap<JobName, JobSighting>;
}

/** Requests of one model as the proxies count them themselves. */
export interface ModelDemand {
  readonly running: number;
  readonly held: number;
  /** Running and held ones over the last seconds: what is added for a moment hardly moves it. */
  readonly average: number;
  /** The highest average of the last half minute or so: two looks do not overlook what was between them. */
  readonly peak: number;
  readonly lastRequestAt: EpochMs | null;
  readonly runningByJob: Readonly<Record<JobId, number>>;
}

/** Of a model that nobody asks for. */
export const noDemand: ModelDemand = Object.freeze({
  running: 0,
  held: 0,
  average: 0,
  peak: 0,
  lastRequestAt: null,
  runningByJob: Object.freeze({}),
});

/**
 * What all proxies count together. Where one may be missing from the sum it is a lower bound: enough to keep a model
 * awake or to add jobs, never to take one away, to let a model fall asleep, or to end what may still be at work.
 */
export interface TotalDemand extends ModelDemand {
  readonly isWhole: boolean;
}

/** null where no proxy has reported lately: unknown is not zero. */
export type Demand = TotalDemand | null;

/** Whether a cluster answered lately. An unreachable cluster is not an empty one. */
export interface ClusterReachability {
  readonly reachable: boolean;
  readonly observedAt: EpochMs | null;
  readonly error: string | null;
  /** null while it answers. */
  readonly silence: Silence | null;
}

/** The most that one job may ask of a cluster; what is absent, nobody knows. */
export interface ClusterBounds {
  readonly nodes?: number;
  /** Of one node. */
  readonly cpus?: number;
  readonly memoryBytes?: number;
  readonly gpus?: number;
  readonly minutes?: number;
  /** Jobs cannot ask for CPUs and memory there: all get what its configuration says. */
  readonly fixedSize?: true;
}

/** Looks at a cluster that failed in a row. Time in which nobody looked is no silence of the cluster's. */
export interface Silence {
  /** When the first of them failed; later by the time in which nobody looked. */
  readonly since: EpochMs;
  readonly looks: number;
}

/** Live figures of one engine; null where the engine has none. */
export interface EngineMetrics {
  readonly gpuUtilization: number | null;
  readonly waitingRequests: number | null;
  readonly runningRequests: number | null;
  /** Remembered from look to look by who looks; engines do not tell it. */
  readonly full?: FullSpell | null | undefined;
}

/** A time in which every look at an engine found requests waiting in it. */
export interface FullSpell {
  readonly since: EpochMs;
  readonly looks: number;
  /** Requests that ran at once in any of them. */
  readonly most: number;
}
