import type {
  Activation,
  ClusterBounds,
  ClusterName,
  ClusterReachability,
  Command,
  CommandBody,
  CommandContext,
  CommandEffect,
  CommandId,
  EpochMs,
  Expectation,
  JobName,
  Model,
  ModelId,
  ModelPatch,
  ModelState,
  Project,
  ProjectName,
  RouteTable,
  ServiceId,
  StartExpectation,
} from '@wakefield/domain';
import type { JobStore } from './job-store.ts';
import type { Lease, LeaseStore } from './lease-store.ts';
import type { NoticeStore } from './notice-store.ts';
import type { ServiceStore } from './service-store.ts';
import type { UsageStore } from './usage-store.ts';

export type { JobEngine, JobMove, JobPatch, JobStore, PatchGuard } from './job-store.ts';
export type { Lease, LeaseStore } from './lease-store.ts';
export { LeaseLostError } from './lease-store.ts';
export type { NoticeStore, WaitingNotice } from './notice-store.ts';
export type {
  ServiceFilter,
  ServiceStatus,
  ServiceStore,
  ServiceToPlan,
  ServiceWithJobs,
  ServiceWithStatus,
} from './service-store.ts';
export type { UsageQuestion, UsageStore } from './usage-store.ts';
export { UnfitRecordsError } from './usage-store.ts';

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
  /**
   * What its sender asked for, where the body is made of that and of what may change meanwhile: by this a repeated key
   * is told from a reused one then.
   */
  readonly asked?: unknown;
}

/** What `CommandStore.replay` goes by. */
export interface KeyedWish {
  /** Principal id. */
  readonly by: string;
  readonly idempotencyKey: string;
  /** As in `NewCommand`. */
  readonly asked: unknown;
}

export type CommandInsertion =
  | { readonly kind: 'inserted'; readonly command: Command }
  /** The key was used before with the same body: the first command stands. */
  | { readonly kind: 'replayed'; readonly command: Command }
  | { readonly kind: 'key_reused' };

export interface CommandStore {
  insert(command: NewCommand): Promise<CommandInsertion>;
  get(id: CommandId): Promise<Command | null>;
  /** What came of an earlier use of a key; null: there was none. */
  replay(wish: KeyedWish): Promise<Exclude<CommandInsertion, { readonly kind: 'inserted' }> | null>;
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
   * One transaction: locks command, project and model or service, asks `decide`, saves. A finished command is left
   * alone. Sets the next look at what it touched to `now`.
   * @returns the command as it stands, and the id of the touched model or service
   */
  apply(
    id: CommandId,
    now: EpochMs,
    decide: (context: CommandContext) => CommandEffect,
  ): Promise<{
    readonly command: Command;
    readonly modelId: ModelId | null;
    readonly serviceId: ServiceId | null;
  } | null>;
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
  /** Seen in routes as the one that is known. */
  readonly state: ModelState;
  readonly because: readonly string[];
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

export interface ProjectStore {
  get(name: ProjectName): Promise<Project | null>;
  /** What the clusters said to its activation, the last time; also where it failed, and is no project yet. */
  activations(name: ProjectName): Promise<readonly Activation[]>;
  list(): Promise<readonly Project[]>;
}

/** Read by the proxy alone. */
export interface RouteStore {
  /** Cheap: one row. */
  revision(): Promise<number>;
  /** One consistent snapshot. */
  load(): Promise<RouteTable>;
}

export interface ClusterStatus extends ClusterReachability {
  readonly nextLookAt: EpochMs | null;
  /** The most that one job may ask of it; null: nobody has asked it yet. */
  readonly bounds: ClusterBounds | null;
}

/** What the observer last knew of each cluster; written by it alone. */
export interface ClusterStatusStore {
  /** Under the cluster's lease, where one is given. @throws LeaseLostError */
  save(
    cluster: ClusterName,
    status: ClusterReachability & { readonly nextLookAt: EpochMs },
    lease?: Lease,
  ): Promise<void>;
  /** Of a cluster that was seen before. Under the cluster's lease. @throws LeaseLostError */
  saveBounds(cluster: ClusterName, bounds: ClusterBounds, lease: Lease): Promise<void>;
  list(): Promise<ReadonlyMap<ClusterName, ClusterStatus>>;
}

export interface Stores {
  readonly commands: CommandStore;
  readonly models: ModelStore;
  readonly jobs: JobStore;
  readonly projects: ProjectStore;
  readonly routes: RouteStore;
  readonly leases: LeaseStore;
  readonly clusters: ClusterStatusStore;
  readonly services: ServiceStore;
  readonly notices: NoticeStore;
  readonly usage: UsageStore;
}
