/** What a scheduler says of one job; words are SLURM's. */
export interface ScheduledJob {
  readonly id: string;
  /** As squeue(1) writes it: PENDING, RUNNING, COMPLETED, CANCELLED … */
  readonly state: string;
  readonly reason: string | null;
  readonly nodes: readonly string[];
  readonly startTime: number | null;
  readonly endTime: number | null;
  readonly runSeconds: number;
}

/** One batch job as HEAppE would hand it to sbatch. */
export interface BatchJob {
  /** Id of the task specification. */
  readonly name: string;
  readonly account: string;
  /** Home of the cluster account; `~` in paths. */
  readonly home: string;
  /** Everything after `sbatch`, as one line for a shell. */
  readonly options: string;
  /** The text of `--wrap`, unquoted. */
  readonly wrap: string;
  readonly workDirectory: string;
  readonly standardOutput: string;
  readonly standardError: string;
  readonly walltimeSeconds: number;
  readonly queue: string;
  /** GPUs where the allocation type says so, else 0. */
  readonly gpus: number;
  readonly nodes: number;
  readonly environment: readonly { readonly name: string; readonly value: string }[];
}

export interface Prediction {
  readonly jobId: number;
  /** As SLURM writes it: the cluster's own time, without a zone. */
  readonly startTime: string;
  readonly processors: number;
  readonly node: string;
  readonly partition: string;
  readonly message: string;
}

interface PredictionRequest {
  readonly queue: string;
  readonly nodes: number;
  readonly tasksPerNode: number;
  readonly walltimeMinutes: number;
  readonly isGpu: boolean;
  readonly accountingString: string;
}

/** sbatch or a command of its kind said no; the message is its stderr. */
export class SchedulerRefusal extends Error {}

/** Where jobs really run: SLURM, or processes of this machine that are treated as SLURM treats jobs. */
export interface Scheduler {
  /** @returns the scheduler's id. @throws SchedulerRefusal */
  submit(job: BatchJob): Promise<string>;
  /** Jobs it does not know any more are absent. */
  look(ids: readonly string[]): Promise<ReadonlyMap<string, ScheduledJob>>;
  cancel(id: string): Promise<void>;
  /** @returns null when it says nothing of a start. @throws SchedulerRefusal */
  predict(request: PredictionRequest): Promise<Prediction | null>;
  /** What `host` would say on the login node; null when it finds nothing. */
  addressOf(node: string): Promise<string | null>;
  /** Makes it forget an ended job, as SLURM does after MinJobAge. */
  purge(id: string): Promise<void>;
  /** Stops looking after jobs; those that run go on unless `endJobs`. */
  close(options: { readonly endJobs: boolean }): Promise<void>;
}
