import type { Duplex } from 'node:stream';
import type {
  ActivationStep,
  Address,
  ClusterBounds,
  ClusterJob,
  ClusterLimits,
  ClusterName,
  ClusterSnapshot,
  EngineArg,
  EngineMetrics,
  EpochMs,
  JobName,
  Model,
  ProjectName,
  Service,
} from '@wakefield/domain';

/** What a driver needs to put one job on its cluster. */
export interface JobSubmission {
  readonly name: JobName;
  readonly project: ProjectName;
  /** Name of its recipe. */
  readonly engine: string;
  /** Bash; starts with `#!`. Holds no secret. */
  readonly script: string;
  /** Written 0600 into the job's directory before the job is submitted, by file name. */
  readonly secretFiles: Readonly<Record<string, string>>;
  readonly walltimeSeconds: number;
  /** Of the whole job; the same on each node. */
  readonly gpuCount: number;
  readonly nodes: number;
  readonly cpus: number | null;
  readonly memory: string | null;
}

/** What of a job decides for how long it waits. */
export type JobRequest = Pick<
  JobSubmission,
  'project' | 'walltimeSeconds' | 'gpuCount' | 'nodes' | 'cpus' | 'memory'
>;

/** A live job that an observation should look at: its files as well as its line in the queue. */
export interface JobRef {
  readonly name: JobName;
  readonly clusterJobId: string | null;
}

/** A part of what a job has printed, stdout and stderr in the order in which they came. */
export interface LogPiece {
  /** `batch`: what the batch system and the shell said to a job that has no log of its own; from its last bytes on. */
  readonly source: 'job' | 'batch';
  /** Offset of its first byte. Offsets count all that the job ever logged, also what was cut off since. */
  readonly from: number;
  /** Whole characters of UTF-8, as far as it is UTF-8. */
  readonly bytes: Uint8Array;
}

/**
 * Why a cluster call failed.
 * - `refused`      the cluster said no; trying again unchanged is no use
 * - `unclear`      it said no in words that do not tell whether for good (a site's own checks)
 * - `no_room`      it takes no more jobs for now (a limit is reached, a partition drained); later it may
 * - `unreachable`  nothing was said: the call may or may not have worked
 * - `misconfigured` login, host key or configuration is wrong; a person has to act
 */
export class ClusterError extends Error {
  readonly kind: 'refused' | 'unclear' | 'no_room' | 'unreachable' | 'misconfigured';
  constructor(kind: ClusterError['kind'], message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'ClusterError';
    this.kind = kind;
  }
}

/** An activation that could not go on: what was done before, and at which step it broke off. */
export class ActivationBroken extends ClusterError {
  readonly done: readonly ActivationStep[];
  readonly step: string;
  constructor(done: readonly ActivationStep[], step: string, cause: ClusterError) {
    super(cause.kind, cause.message, cause);
    this.done = done;
    this.step = step;
  }
}

/** How jobs of one cluster are launched; from its configuration. */
export interface LaunchProfile {
  /** Parent of all job directories on the cluster; absolute. null: nobody knows before; a job begins in its own. */
  readonly jobsDirectory: string | null;
  /** Address that engines bind. */
  readonly bindHost: string;
  /** What the endpoint file says as host: a fixed name, or how the node finds its own. */
  readonly advertise:
    | { readonly kind: 'fixed'; readonly host: string }
    | { readonly kind: 'hostname' | 'fqdn' | 'ip' };
  /** Ports that engines may take, inclusive. */
  readonly ports: { readonly from: number; readonly to: number };
  /** Folder with `<org>/<name>` model folders, tried before the hub. */
  readonly modelDirectory: string | null;
  /** Shell lines before the engine starts, by recipe name (module load, venv, apptainer …). */
  readonly setup: Readonly<Record<string, readonly string[]>>;
  /** Extra environment, by recipe name; no secrets. */
  readonly environment: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** Of a cluster where job directories are ours to name. */
export type DirectoryProfile = LaunchProfile & { readonly jobsDirectory: string };

/** Submits to and watches one cluster. All calls honour the signal and bound themselves in time. */
export interface ClusterDriver {
  readonly name: ClusterName;
  readonly kind: 'slurm-ssh' | 'local' | 'heappe';
  readonly profile: LaunchProfile;
  /** How often to observe: while something starts or drains, and while all is quiet; and how long a look takes at most. */
  readonly cadence: {
    readonly busyMs: number;
    readonly quietMs: number;
    readonly patienceMs: number;
  };
  /** Ceilings of its configuration on live jobs of ours. */
  limits(project: ProjectName): ClusterLimits;
  /** Its jobs cannot ask for CPUs and memory. A model must not; a service, which always says some, gets what all get. */
  readonly fixedSize?: true;
  /**
   * The most that one job may ask of it, as far as it says: rather more than it takes than less. One round trip at most,
   * seldom asked for.
   * @throws ClusterError
   */
  bounds(signal: AbortSignal): Promise<ClusterBounds>;
  /** Idempotent by name: a job of that name that is there is returned, not doubled. */
  submit(
    job: JobSubmission,
    signal: AbortSignal,
  ): Promise<{ readonly clusterJobId: string; readonly adopted: boolean }>;
  /** One round trip for all jobs, however many. */
  observe(jobs: readonly JobRef[], signal: AbortSignal): Promise<ClusterSnapshot>;
  /** Each is to drain and end: USR1 to its batch shell, however it gets there. Unknown jobs are no error. */
  askToEnd(jobs: readonly JobRef[], signal: AbortSignal): Promise<void>;
  /** Outright. Unknown jobs are no error. */
  cancel(jobs: readonly JobRef[], signal: AbortSignal): Promise<void>;
  /**
   * What the job has logged from the offset `from` on; its last `bytes` where that is more, or where the log ends before
   * `from` and is another one. It reaches to the end, but for a character that is not whole yet.
   * @returns null: there is no log, and the batch system has said nothing
   */
  readLog(job: JobRef, from: number, bytes: number, signal: AbortSignal): Promise<LogPiece | null>;
  /** Removes the directories of jobs that are over. */
  forget(jobs: readonly JobName[], signal: AbortSignal): Promise<void>;
  /**
   * Makes on the cluster what jobs of the project need there, as far as it is missing or not as it should be; again and
   * again without harm. Empty where nothing is needed.
   * @returns what was done and found, in order; a step that failed is the last one
   * @throws ClusterError, when the cluster does not answer; ActivationBroken, where something was done before
   */
  activate(project: ProjectName, signal: AbortSignal): Promise<readonly ActivationStep[]>;
  /** Throws `refused` or `unclear` with the cluster's words when it would not take a job of this project. */
  accepts(project: ProjectName, signal: AbortSignal): Promise<void>;
  /** The queue that a project's jobs wait in, as one comparable word; empty where there is but one. */
  queueOf(project: ProjectName): string;
  /** When such a job would start if it were submitted now, without submitting it; null when the cluster does not say. */
  forecast(request: JobRequest, signal: AbortSignal): Promise<EpochMs | null>;
  /** Jobs of ours that it lists now, for look-ups outside the cycle. */
  find(name: JobName, signal: AbortSignal): Promise<ClusterJob | null>;
  readonly transport: Transport;
  close(): Promise<void>;
}

/** How bytes reach a job: straight TCP, a channel of the pooled ssh connection, or HTTP over HEAppE's data transfer. */
export interface Transport {
  readonly kind: 'direct' | 'ssh' | 'heappe';
  /** Connected, Nagle off. The caller closes it. Rejects with ClusterError `unreachable`. */
  connect(address: Address, signal: AbortSignal): Promise<Duplex>;
  close(): Promise<void>;
}

/** An engine as a prober has to talk to it. */
export interface EngineTarget {
  readonly cluster: ClusterName;
  readonly address: Address;
  readonly engineKey: string;
  readonly engine: string;
  /** null: it serves none. */
  readonly hfModelId: string | null;
  /** Path under which its pages are; empty: the root. */
  readonly basePath: string;
  /** The per-job alias that it must list. */
  readonly identity: string;
}

export type ProbeVerdict =
  | { readonly status: 'ready'; readonly capacity: number | null }
  | { readonly status: 'not_yet'; readonly detail: string }
  /** Something answers there, and it is not ours. */
  | { readonly status: 'foreign'; readonly detail: string };

export interface EngineProber {
  /** Health, then identity (key and served names), then one tiny warm-up request. */
  probe(target: EngineTarget, signal: AbortSignal): Promise<ProbeVerdict>;
  /** One cheap health and metrics call; null when the engine does not answer. */
  metrics(target: EngineTarget, signal: AbortSignal): Promise<EngineMetrics | null>;
}

/** Why engine arguments are not acceptable: `param` is the dotted path as the caller wrote it. */
export interface ArgumentProblem {
  readonly param: string;
  readonly message: string;
}

export interface RecipeCatalog {
  names(): readonly string[];
  has(engine: string): boolean;
  /** Checks names, types and bounds; fills in nothing. */
  checkArguments(engine: string, args: Readonly<Record<string, unknown>>): ArgumentProblem | null;
  /** Checks whether the engine can be spread so: GPUs of the whole job, over that many nodes. */
  checkShape(
    engine: string,
    shape: { readonly gpuCount: number; readonly nodes: number },
  ): ArgumentProblem | null;
  /** Requests the engine takes at once, where its arguments say so. */
  capacity(engine: string, args: Readonly<Record<string, EngineArg>>): number | null;
  render(input: {
    readonly model: Model;
    readonly name: JobName;
    readonly engineKey: string;
    readonly profile: LaunchProfile;
  }): RenderedScript;
  /** The same of a service. */
  renderService(input: {
    readonly service: Service;
    readonly name: JobName;
    readonly engineKey: string;
    readonly profile: LaunchProfile;
  }): RenderedScript;
}

/** The whole batch script, and the secret files that it reads by name. */
export interface RenderedScript {
  readonly script: string;
  readonly secretFiles: Readonly<Record<string, string>>;
}

/** Every cluster of the configuration by its name. */
export type Drivers = ReadonlyMap<ClusterName, ClusterDriver>;

export interface Clock {
  now(): EpochMs;
}

export interface Ids {
  uuid(): string;
  /** 32 random bytes, base64url. */
  secret(): string;
}
