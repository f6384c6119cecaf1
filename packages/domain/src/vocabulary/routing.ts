import type { ClusterName } from './ids.ts';

/**
 * Which of a model's endpoints gets a request.
 * - `least_load`  the one with the least to do
 * - `prefix`      one that has seen the beginning of its prompt, as long as that is not much busier than others
 * - `session`     the one of its session, by a header, with the same bound
 */
export type RoutingPolicy = 'least_load' | 'prefix' | 'session';

/** How the requests of a model are spread over its endpoints. */
export interface Routing {
  readonly policy: RoutingPolicy;
  /** Names the session, for the policy `session`; in lower case. */
  readonly sessionHeader: string;
  /** How much load an endpoint there gets beside others; of a cluster that is not named: 1. */
  readonly weights: Readonly<Record<ClusterName, number>>;
}

export const defaultRouting: Routing = Object.freeze({
  policy: 'least_load',
  sessionHeader: 'x-session-id',
  weights: Object.freeze({}),
});
