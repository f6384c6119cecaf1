import type { ClusterName, JobId, ModelId, ProjectName, ServiceId } from './ids.ts';
import type { Address } from './job.ts';
import type { ModelState } from './model.ts';
import type { RequestLimits } from './request-limits.ts';
import type { RequestTimeouts } from './request-timeouts.ts';
import type { Routing } from './routing.ts';
import type { ServiceAccess, ServiceState } from './service.ts';
import type { EpochMs } from './time.ts';

/** Where a ready job answers. Carries the engine's key: for the proxy's memory, never for a log. */
export interface Endpoint {
  readonly jobId: JobId;
  readonly cluster: ClusterName;
  readonly address: Address;
  readonly engineKey: string;
  readonly capacity: number | null;
  /** How much of the load it gets beside the others of its model, by `Routing.weights`. */
  readonly weight: number;
  /** When its job is asked to end at the latest; null: nobody knows. */
  readonly servesUntil: EpochMs | null;
}

/** The proxy's view of one registered model. */
export interface Route {
  readonly modelId: ModelId;
  readonly project: ProjectName;
  readonly hfModelId: string;
  readonly engine: string;
  readonly state: ModelState;
  readonly idle: boolean;
  /** Why it is failed, in a sentence for a caller; without the engine's log. */
  readonly reason: string | null;
  readonly createdAt: EpochMs;
  /** When it is expected to serve, while it does not; null: nobody knows. */
  readonly expectedReady: { readonly from: EpochMs; readonly to: EpochMs } | null;
  /** How long its registration lets a request take. */
  readonly timeouts: RequestTimeouts;
  readonly routing: Pick<Routing, 'policy' | 'sessionHeader'>;
  /** What its registration allows. */
  readonly limits: RequestLimits;
  /** Ready ones only. */
  readonly endpoints: readonly Endpoint[];
}

/** Where the ready job of a service answers. Carries its key: for the proxy's memory, never for a log. */
export type ServiceEndpoint = Pick<Endpoint, 'jobId' | 'cluster' | 'address'> & {
  readonly key: string;
};

/** The proxy's view of one service that is not over. */
export interface ServiceRoute {
  readonly serviceId: ServiceId;
  readonly project: ProjectName;
  readonly cluster: ClusterName;
  readonly recipe: string;
  /** The model that it serves; null: none. */
  readonly model: string | null;
  readonly state: ServiceState;
  /** Why it is over, in a sentence for a caller, without the log; null while it is not: that changes with each look. */
  readonly reason: string | null;
  readonly access: ServiceAccess;
  /** Ids that clusters gave its jobs, the newest first: it may be asked for by each. */
  readonly clusterJobIds: readonly string[];
  /** null: it does not answer yet, or no more. */
  readonly endpoint: ServiceEndpoint | null;
}

/** Everything that the proxy needs to know, at one revision. */
export interface RouteTable {
  readonly revision: number;
  readonly projects: readonly ProjectName[];
  readonly routes: readonly Route[];
  readonly services: readonly ServiceRoute[];
  /**
   * Jobs whose engines may be at work on requests: those of the endpoints, and those that get no new ones but
   * finish what they have (draining, suspended, completing). What runs on any other job is never answered.
   */
  readonly serving: readonly JobId[];
}
