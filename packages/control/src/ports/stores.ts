import type {
  Address,
  ClusterLimits,
  ClusterName,
  ClusterReachability,
  ClusterUse,
  Command,
  CommandBody,
  CommandContext,
  CommandEffect,
  CommandId,
  EpochMs,
  Expectation,
  Job,
  JobId,
  JobName,
  JobPatch,
  Model,
  ModelId,
  ModelPatch,
  ModelState,
  Project,
  ProjectName,
  RouteTable,
  StartExpectation,
  StartHistory,
} from '@wakefield/domain';

/** Time-bounded right to act on something; the token goes with every write made under it. */
export interface Lease {
  /** `model:<id>`, `cluster:<name>`, or `tidy`. */
  readonly key: string;
  /** Grows with every new holder; a write with an old token is refused. */
  readonly token: number;
}

export interface LeaseStore {
  /** null while somebody else holds it. Expiry is judged by the database's clock. */
  acquire(key: string, holder: string, ttlMs: number): Promise<Lease | null>;
  /** false when it was lost. */
  renew(lease: Lease, ttlMs: number): Promise<boolean>;
  release(lease: Lease): Promise<void>;
}

/** Thrown by writes whose lease was taken over meanwhile: someone else works on it, so stop quietly. */
export class LeaseLostError extends Error {
  constructor(key: string) {
    super(`the lease on ${key} was lost`);
    this.name = 'LeaseLostError';
  }
}

/** Thrown instead of intending one job more than the cluster's configured limits allow; says which. */
export class RoomTakenError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'RoomTakenError';
  }
}

export interface NewCommand {
  readonly id: CommandId;
  readonly project: ProjectName;
  readonly body: CommandBody;
  readonly by: string;
  readonly acceptedAt: EpochMs;
  readonly traceId: string;
  /** Scoped to the principal. The same key with another body is refused. */
  readonly idempotencyKey: string | null;
}

export type CommandInsertion =
  | { readonly kind: 'inserted'; readonly command: Command }
  /** The key was used before with the same body: the first command stands. */
  | { readonly kind: 'replayed'; readonly command: Command }
  | { readonly kind: 'key_reused' };

export interface CommandStore {
  insert(command: NewCommand): Promise<CommandInsertion>;
  get(id: CommandId): Promise<Command | null>;
  /** Of a project, newest first; behind the command `after`, where one is named. */
  listForProject(
    project: ProjectName,
    page: { readonly limit: number; readonly after: CommandId | null },
  ): Promise<readonly Command[]>;
  /** Unfinished ones of the same project that were accepted before this one, oldest first; by the database's order. */
  listUnfinishedBefore(command: Command, limit: number): Promise<readonly Command[]>;
  /** Accepted and unfinished since before `acceptedBefore`, oldest first. */
  listStale(acceptedBefore: EpochMs, limit: number): Promise<readonly CommandId[]>;
  /** Deletes commands that were finished before `before`; with them their idempotency keys are forgotten. */
  purgeFinished(before: EpochMs): Promise<number>;
  /**
   * One transaction: locks command, project and model, asks `decide`, saves. A finished command is left
   * alone. Sets the touched model's next look to `now`.
   * @returns the command as it stands, and the id of the touched model
   */
  apply(
    id: CommandId,
    now: EpochMs,
    decide: (context: CommandContext) => CommandEffect,
  ): Promise<{ readonly command: Command; readonly modelId: ModelId | null } | null>;
}

export interface ModelStatus {
  readonly state: ModelState;
  readonly reason: string | null;
  readonly because: readonly string[];
  /** When it is expected to serve; null while it does, and when nobody knows. */
  readonly expectedReady: Expectation | null;
}

/** A model as readers see it: desired state and the last plan's verdict. */
export interface ModelWithStatus extends Model, ModelStatus {}

/** A model as a reconcile run reads it. */
export interface ModelToPlan extends ModelWithStatus {
  /** Grows whenever one of its jobs is moved on by somebody else than a reconcile run. */
  readonly dueCount: number;
  readonly nextLookAt: EpochMs | null;
}

/** A model on which a look came to nothing new. */
export interface QuietModel {
  /** As it was read. */
  readonly model: Pick<ModelToPlan, 'id' | 'generation' | 'dueCount' | 'nextLookAt'>;
  readonly lookAgainAt: EpochMs;
  /** Newer than what is known; left out where it is not. */
  readonly lastRequestAt?: EpochMs | undefined;
}

export interface ModelStore {
  get(id: ModelId): Promise<ModelToPlan | null>;
  /** Registered ones only. */
  find(project: ProjectName, hfModelId: string): Promise<ModelWithStatus | null>;
  /** Registered ones only, by hf_model_id in the order of its bytes; behind `after`, where it is given. */
  list(
    project: ProjectName,
    page?: { readonly limit: number | null; readonly after: string | null },
  ): Promise<readonly ModelWithStatus[]>;
  /** Models whose next look is due, most overdue first; behind `after`, where it is given. */
  listDue(
    now: EpochMs,
    page: {
      readonly limit: number;
      readonly after: Pick<ModelToPlan, 'id' | 'nextLookAt'> | null;
    },
  ): Promise<readonly ModelToPlan[]>;
  /** Puts off the next look at these models, but not at those about which anything was written meanwhile; one statement. */
  putOff(quiet: readonly QuietModel[]): Promise<void>;
  /**
   * After a reconcile run that saw `generation` and `dueCount`; bumps the route revision where readers of routes
   * can see the difference. When a command was applied or a job moved on meanwhile, nothing is written but a next
   * look at once.
   * @returns false in that case
   * @throws LeaseLostError
   */
  savePlan(
    id: ModelId,
    lease: Lease,
    plan: {
      readonly generation: number;
      /** Left out by whoever did not look at the jobs. */
      readonly dueCount?: number;
      readonly patch: ModelPatch;
      readonly status: ModelStatus;
      /** Written into the jobs that still wait. */
      readonly expectedStarts?: readonly StartExpectation[];
      readonly lookAgainAt: EpochMs;
    },
    now: EpochMs,
  ): Promise<boolean>;
  /**
   * Deletes unregistered models whose jobs are all over and among these, with the rows of those jobs. A model that
   * somebody works on at this moment is left for the next time.
   */
  purgeUnregistered(forgotten: readonly JobName[]): Promise<number>;
}

export type { JobPatch };

/** What else must hold for a job to be written. */
export interface PatchGuard {
  /** Of the job's model or of its cluster. @throws LeaseLostError */
  readonly lease?: Lease;
  /** Its engine was found here: it must not have moved, nor be leaving. */
  readonly engineAt?: Address;
}

export interface JobEngine {
  readonly jobId: JobId;
  readonly engineKey: string;
  readonly engine: string;
  readonly hfModelId: string;
}

export interface JobStore {
  /**
   * Inserts the row of an intended job, under the model's lease. The pair (model, seq) is unique: a second
   * insertion returns the first row unchanged. With `room` it is counted in the same transaction.
   * @throws RoomTakenError when another model's job has taken the last place meanwhile
   */
  intend(
    lease: Lease,
    job: Pick<
      Job,
      | 'id'
      | 'modelId'
      | 'project'
      | 'cluster'
      | 'seq'
      | 'name'
      | 'revision'
      | 'successorOf'
      | 'rivalOf'
      | 'walltimeSeconds'
      | 'shape'
      | 'capacity'
      | 'intendedAt'
    > & { readonly engineKey: string },
    room?: { readonly limits: ClusterLimits; readonly gpuCount: number },
  ): Promise<Job>;
  /** Live jobs on a cluster, of everybody and of one project; one query. */
  countUse(cluster: ClusterName, project: ProjectName): Promise<ClusterUse>;
  get(id: JobId): Promise<Job | null>;
  /** All live jobs of a model and its `ended` newest ended ones, newest first. */
  listForModel(modelId: ModelId, ended: number): Promise<readonly Job[]>;
  /** The same of many models, in one query; models without jobs are missing. */
  listForModels(
    modelIds: readonly ModelId[],
    ended: number,
  ): Promise<ReadonlyMap<ModelId, readonly Job[]>>;
  /** Live jobs of every registered model of a project, in one query. */
  listLiveForProject(project: ProjectName): Promise<readonly Job[]>;
  listLiveForCluster(cluster: ClusterName): Promise<readonly Job[]>;
  /** Those of the names that are live jobs, on whatever cluster. */
  listLiveNames(names: readonly JobName[]): Promise<readonly JobName[]>;
  /** Clusters that hold live jobs. */
  countLive(): Promise<
    readonly {
      readonly cluster: ClusterName;
      readonly phase: Job['phase'];
      readonly count: number;
    }[]
  >;
  /**
   * Compare-and-set: writes only while the job is in one of `phases` and the guard holds. Bumps the route revision
   * when readiness, address or end of a ready job changes, and makes the model due when the phase does: whoever should nudge it may
   * die. Under the model's own lease it does not: there the run that writes says when the next look is.
   * @returns the job as written, or null when it had moved on
   * @throws LeaseLostError
   */
  patch(
    id: JobId,
    phases: readonly Job['phase'][],
    patch: JobPatch,
    guard?: PatchGuard,
  ): Promise<Job | null>;
  /** What it takes to talk to the engines of these jobs; secret. */
  listEngines(ids: readonly JobId[]): Promise<readonly JobEngine[]>;
  /**
   * How long jobs of this shape waited: those that started since, newest first, those that still wait, and those that
   * were over since before they started; `newest` of each at most.
   */
  readWaits(
    cluster: ClusterName,
    shape: string,
    since: EpochMs,
    newest: number,
  ): Promise<Omit<StartHistory, 'trial'>>;
  /** The secret of the job's engine. */
  engineKey(id: JobId): Promise<string | null>;
  /**
   * Jobs that may go, longest ended first: those that ended before `before`, but for the newest `keep` of each
   * model, and all of unregistered models without live jobs.
   */
  listPurgeable(
    before: EpochMs,
    keep: number,
    page: { readonly limit: number; readonly except: readonly ClusterName[] },
  ): Promise<readonly Pick<Job, 'name' | 'cluster'>[]>;
  /**
   * Deletes rows of ended jobs, once nothing of them is left on their clusters. The newest of a model stays: the next
   * sequence number, and with it the name of the next job, comes after it, and a name is never used twice.
   */
  purgeEnded(forgotten: readonly JobName[]): Promise<number>;
}

export interface ProjectStore {
  get(name: ProjectName): Promise<Project | null>;
  list(): Promise<readonly Project[]>;
}

/** Read by the proxy alone. */
export interface RouteStore {
  /** Cheap: one row. */
  revision(): Promise<number>;
  /** One consistent snapshot. */
  load(): Promise<RouteTable>;
}

/** What the observer last knew of each cluster; written by it alone. */
export interface ClusterStatusStore {
  /** Under the cluster's lease, where one is given. @throws LeaseLostError */
  save(
    cluster: ClusterName,
    status: ClusterReachability & { readonly nextLookAt: EpochMs },
    lease?: Lease,
  ): Promise<void>;
  list(): Promise<
    ReadonlyMap<ClusterName, ClusterReachability & { readonly nextLookAt: EpochMs | null }>
  >;
}

export interface Stores {
  readonly commands: CommandStore;
  readonly models: ModelStore;
  readonly jobs: JobStore;
  readonly projects: ProjectStore;
  readonly routes: RouteStore;
  readonly leases: LeaseStore;
  readonly clusters: ClusterStatusStore;
}
