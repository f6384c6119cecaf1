import type {
  ClusterName,
  EpochMs,
  Job,
  JobName,
  Notice,
  ProjectName,
  Service,
  ServiceId,
  ServiceState,
  StartExpectation,
} from '@wakefield/domain';
import type { Lease } from './lease-store.ts';

/** What the last plan says of a service: its state, why (for people; null: nothing to say) and how that was decided (for logs). */
export interface ServiceStatus {
  readonly state: ServiceState;
  readonly reason: string | null;
  readonly because: readonly string[];
}

/** A service as readers see it: desired state and the last plan's verdict. */
export interface ServiceWithStatus extends Service, ServiceStatus {
  /** That its cluster gave its first job; null: none yet. */
  readonly clusterJobId: string | null;
}

/** A service as a reconcile run reads it. */
export interface ServiceToPlan extends ServiceWithStatus {
  /** Grows whenever one of its jobs is moved on by somebody else than a reconcile run. */
  readonly dueCount: number;
}

/** A service and its live jobs with the newest of all, newest first. */
export interface ServiceWithJobs {
  readonly service: ServiceWithStatus;
  readonly jobs: readonly Job[];
}

/** Which services a list is about: all of it has to hold. */
export interface ServiceFilter {
  /** null: of all. */
  readonly projects: readonly ProjectName[] | null;
  /** Empty: in whichever. One that somebody has stopped is `stopping` until it is over. */
  readonly states: readonly ServiceState[];
  /** Path; null: whichever. */
  readonly recipe: string | null;
}

/** Services as they are wanted, and what the last plan made of them. Written by schedulers alone. */
export interface ServiceStore {
  /** null: there is none, or what is asked for is no id of ours. */
  get(id: ServiceId): Promise<ServiceToPlan | null>;
  /**
   * Those of the projects that are called so, by their own id or by that of one of their jobs on its cluster: which
   * clusters give out again when they lose their state, and each by itself. What is not over comes first, then the
   * newest; a few at most.
   * @param projects null: all
   * @param cluster null: whichever
   */
  lookUp(
    id: string,
    projects: readonly ProjectName[] | null,
    cluster: ClusterName | null,
  ): Promise<readonly ServiceWithJobs[]>;
  /** Newest first; behind the service `after`, where one is named. */
  list(
    filter: ServiceFilter,
    page: { readonly limit: number; readonly after: ServiceId | null },
  ): Promise<readonly ServiceWithJobs[]>;
  /** Those whose next look is due, most overdue first. */
  listDue(now: EpochMs, limit: number): Promise<readonly ServiceId[]>;
  /**
   * After a reconcile run that saw `generation` and `dueCount`; bumps the route revision where readers of routes can
   * see the difference. When a command was applied or a job moved on meanwhile, nothing is written but a next look at
   * once.
   * @returns false in that case
   * @throws LeaseLostError
   */
  savePlan(
    id: ServiceId,
    lease: Lease,
    plan: {
      readonly generation: number;
      readonly dueCount: number;
      readonly status: ServiceStatus;
      /** Written into the jobs that still wait. */
      readonly expectedStarts: readonly StartExpectation[];
      readonly lookAgainAt: EpochMs;
      /** To be told from now on, in this order; one that was told before is not told again. */
      readonly notices: readonly Notice[];
    },
    now: EpochMs,
  ): Promise<boolean>;
  /** How many there are in each state, those that are over included for as long as they are known. */
  count(): Promise<
    readonly {
      readonly project: ProjectName;
      readonly state: ServiceState;
      readonly count: number;
    }[]
  >;
  /** Those whose job ends without a successor, and when it does. */
  listEnds(): Promise<
    readonly {
      readonly id: ServiceId;
      readonly project: ProjectName;
      readonly endsAt: EpochMs;
    }[]
  >;
  /**
   * Deletes services that are over and whose jobs are all among these, with the rows of those jobs; those without any
   * job when nobody changed them since `before`. One that somebody works on at this moment is left for the next time.
   */
  purgeOver(forgotten: readonly JobName[], before: EpochMs): Promise<number>;
}
