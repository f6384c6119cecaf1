import type {
  Address,
  ClusterLimits,
  ClusterName,
  ClusterUse,
  EpochMs,
  Job,
  JobId,
  JobName,
  JobPatch,
  ModelId,
  ProjectName,
  ServiceId,
  StartHistory,
} from '@wakefield/domain';
import type { Lease } from './lease-store.ts';

export type { JobPatch };

/** What else must hold for a job to be written. */
export interface PatchGuard {
  /** Of the job's model or service, or of its cluster. @throws LeaseLostError */
  readonly lease?: Lease;
  /** Its engine was found here: it must not have moved, nor be leaving. */
  readonly engineAt?: Address;
}

/** What a look at its cluster made of a job. */
export interface JobMove {
  /** As it was read: it is written only while it is in this phase, and was not told to end since. */
  readonly job: Pick<Job, 'id' | 'phase' | 'cluster' | 'endAskedAt' | 'cancelledAt'>;
  readonly patch: JobPatch;
}

export interface JobEngine {
  readonly jobId: JobId;
  readonly engineKey: string;
  /** Name of its recipe, or of a service its path. */
  readonly engine: string;
  /** null: it serves none. */
  readonly hfModelId: string | null;
  /** Path under which its pages are; empty: the root. */
  readonly basePath: string;
}

export interface JobStore {
  /**
   * Inserts the row of an intended job, under the lease of its model or service. The pair of that and seq is unique: a second
   * insertion returns the first row unchanged. With `limits` the room is counted in the same transaction.
   * @throws RoomTakenError when another model's job has taken the last place meanwhile
   */
  intend(
    lease: Lease,
    job: Pick<
      Job,
      | 'id'
      | 'modelId'
      | 'serviceId'
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
    > & {
      readonly engineKey: string;
      /** Of the whole job, on all its nodes. */
      readonly gpuCount: number;
    },
    limits?: ClusterLimits,
  ): Promise<Job>;
  /** Live jobs on a cluster, of everybody and of one project; one query. */
  countUse(cluster: ClusterName, project: ProjectName): Promise<ClusterUse>;
  get(id: JobId): Promise<Job | null>;
  /** All live jobs of a model and its `ended` newest ended ones, newest first. */
  listForModel(modelId: ModelId, ended: number): Promise<readonly Job[]>;
  /**
   * All live jobs of each of the models, on each of its clusters that are named the `ended` newest ended ones, and the
   * newest of all, wherever it was; newest first, in one query. Models without jobs are missing.
   */
  listForModels(
    wanted: readonly {
      readonly modelId: ModelId;
      readonly clusters: readonly ClusterName[];
      readonly ended: number;
    }[],
  ): Promise<ReadonlyMap<ModelId, readonly Job[]>>;
  /** All live jobs of a service and its `ended` newest ended ones, newest first. */
  listForService(serviceId: ServiceId, ended: number): Promise<readonly Job[]>;
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
   * when readiness, address or end of a ready job changes, and makes its model or service due when the phase does: whoever should nudge it may
   * die. Under its owner's own lease it does not: there the run that writes says when the next look is.
   * @returns the job as written, or null when it had moved on
   * @throws LeaseLostError
   */
  patch(
    id: JobId,
    phases: readonly Job['phase'][],
    patch: JobPatch,
    guard?: PatchGuard,
  ): Promise<Job | null>;
  /**
   * The same for many jobs of one cluster, under its lease, in one transaction of a few statements. Jobs that had moved
   * on are missing in the answer.
   * @throws LeaseLostError
   */
  advance(lease: Lease, moves: readonly JobMove[]): Promise<ReadonlyMap<JobId, Job>>;
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
   * Jobs that may go, longest ended first: those that ended before `before`, but for the newest of each model on
   * each cluster, at least `least` and `besideReplicas` more than it may have jobs, and all of unregistered models
   * without live jobs; likewise of services, and all of one that is over, together, once each of them ended before then.
   */
  listPurgeable(
    before: EpochMs,
    keep: { readonly least: number; readonly besideReplicas: number },
    page: { readonly limit: number; readonly except: readonly ClusterName[] },
  ): Promise<readonly Pick<Job, 'name' | 'cluster'>[]>;
  /**
   * Deletes rows of ended jobs, once nothing of them is left on their clusters. The newest of a model stays: the next
   * sequence number, and with it the name of the next job, comes after it, and a name is never used twice. So do those of
   * a service by which it is judged, one and `besideReplicas` more.
   */
  purgeEnded(
    forgotten: readonly JobName[],
    keep: { readonly besideReplicas: number },
  ): Promise<number>;
}
