import type {
  ClusterName,
  CommandId,
  DurationMs,
  EngineMetrics,
  JobId,
  ModelDemand,
  ModelId,
  ServiceId,
  TotalDemand,
  Trial,
} from '@wakefield/domain';

/** Enqueues ids. Every call may fail or be lost: the sweep finds the work again. */
export interface Nudges {
  command(id: CommandId, traceId?: string): Promise<void>;
  /** The same for a command that a cluster has to be asked about, apart from the others: it may take minutes. */
  activation(id: CommandId, traceId?: string): Promise<void>;
  /** Deduplicated; a nudge during a run causes one more run. The trace of the newest nudge goes along. */
  model(id: ModelId, traceId?: string): Promise<void>;
  /** As `model`. */
  service(id: ServiceId, traceId?: string): Promise<void>;
  /** Deduplicated; tell what is to be told of the service. A nudge during a run causes one more run. */
  notices(id: ServiceId): Promise<void>;
  /** As `modelLater`. */
  serviceLater(id: ServiceId, delayMs: number): Promise<void>;
  /** Deduplicated, the earliest stands: a look when a plan says that something may change by then. */
  modelLater(id: ModelId, delayMs: number): Promise<void>;
  /** Deduplicated, the earliest stands; `delayMs` 0 looks at once. */
  cluster(name: ClusterName, delayMs: number): Promise<void>;
  /** Deduplicated; read the figures of the cluster's engines. A nudge during a run is none. */
  metrics(name: ClusterName): Promise<void>;
  /** Deduplicated; wait for a starting job's engine. */
  probe(jobId: JobId): Promise<void>;
  /** Deduplicated; read what is new in the job's log. A nudge during a run is none. */
  log(jobId: JobId): Promise<void>;
}

/** "Routes changed": read the table again. Lost messages are made up by the proxy's own sweep. */
export interface RouteBus {
  publish(revision: number): Promise<void>;
  /** @returns unsubscribe */
  subscribe(listener: (revision: number) => void): Promise<() => Promise<void>>;
}

/** What one proxy has sent where since it told last: for each job of a model the keys of prompts (`cutPrompt`). */
export interface Placed {
  readonly proxyId: string;
  readonly models: Readonly<Record<ModelId, Readonly<Record<JobId, readonly number[]>>>>;
}

/** What proxies tell each other of which engine has seen which prompt. What is lost costs a cache, not an answer. */
export interface PlacementBus {
  publish(placed: Placed): Promise<void>;
  /** @returns unsubscribe */
  subscribe(listener: (placed: Placed) => void): Promise<() => Promise<void>>;
}

/** What one proxy counts, as it writes it to the board once a second. */
export interface ProxyDemand {
  readonly models: ReadonlyMap<ModelId, ModelDemand>;
}

/** Running and held requests of all proxies; entries of a silent proxy expire within seconds. */
export interface DemandBoard {
  publish(proxyId: string, demand: ProxyDemand): Promise<void>;
  /** Called by a proxy that goes away in order. */
  withdraw(proxyId: string): Promise<void>;
  /**
   * Summed over proxies, in one round trip; not whole when one may be missing from the sums. null when no proxy has
   * reported lately. Models without load read as zeros.
   */
  readMany(modelIds: readonly ModelId[]): Promise<ReadonlyMap<ModelId, TotalDemand> | null>;
}

/** Last scraped figures of each engine, for readers; entries expire within seconds. */
export interface MetricsBoard {
  /** @param rememberMs how long `full` spells are known: until the next look, however rarely there is one */
  publish(metrics: ReadonlyMap<JobId, EngineMetrics>, rememberMs: DurationMs): Promise<void>;
  /** What the cluster says of the GPUs of these jobs, 0-100: it knows better than their engines. */
  publishGpus(figures: ReadonlyMap<JobId, number>): Promise<void>;
  read(jobIds: readonly JobId[]): Promise<ReadonlyMap<JobId, EngineMetrics>>;
  /** Remembers for `lifeMs` that the engines of these jobs have just answered. */
  answered(jobIds: readonly JobId[], lifeMs: DurationMs): Promise<void>;
  /** Those of the jobs whose engines have answered lately. Rejects when nobody can tell. */
  answering(jobIds: readonly JobId[]): Promise<readonly JobId[]>;
}

/** What one cluster is asked of jobs of one shape. */
export interface TrialQuestion {
  readonly cluster: ClusterName;
  readonly shape: string;
}

/** What clusters said of when jobs would start, for all schedulers: whoever asks, asks for everybody. Losable. */
export interface TrialBoard {
  /**
   * The right to ask.
   * @param lifeMs how long whoever has it may take, before it may be another's
   * @param paceMs how long the cluster is not asked anything else then
   * @returns `granted`: it is for you to ask, and to tell; `asked`: somebody else asks, or has; `later`: the cluster
   *   was asked something else just now
   */
  claim(
    question: TrialQuestion,
    lifeMs: DurationMs,
    paceMs: DurationMs,
  ): Promise<'granted' | 'asked' | 'later'>;
  /** Tells what it said, null for nothing. @param againMs how long nobody asks again; it is known for twice as long */
  tell(question: TrialQuestion, trial: Trial | null, againMs: DurationMs): Promise<void>;
  /** `asking`: claimed, and not answered yet. `trial` may be the answer to an earlier question. */
  read(question: TrialQuestion): Promise<{
    readonly state: 'unasked' | 'asking' | 'answered';
    readonly trial: Trial | null;
  }>;
}
