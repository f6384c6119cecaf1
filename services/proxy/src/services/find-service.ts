import { AppError, can, type Principal, type ServiceRoute } from '@wakefield/domain';
import { shown } from '../inference/refusals.ts';
import type { RouteIndex } from '../routes/route-index.ts';

/**
 * A service by what its caller calls it, among those of projects that the caller may look at. Another's is not there:
 * job ids are given by clusters, and two projects may well have the same one.
 */
export function findService(
  index: Pick<RouteIndex, 'servicesCalled'>,
  principal: Principal,
  id: string,
): ServiceRoute | null {
  const called = index.servicesCalled(id);
  return called.find(({ project }) => can(principal, 'read', project)) ?? null;
}

/** A service that answers. */
export type ReadyService = ServiceRoute & { readonly endpoint: object };

/** @throws AppError where the caller may not use it */
export function checkRights(route: ServiceRoute, principal: Principal): void {
  const { permission } = route.access;
  if (can(principal, permission, route.project)) return;
  const needed = permission === 'manage' ? 'manage' : 'use models of';
  throw new AppError(
    'forbidden',
    `This service is for those who may ${needed} the project "${route.project}".`,
  );
}

/** States in which it has yet to answer, and asking again is of use. */
const coming: ReadonlySet<string> = new Set(['pending', 'building', 'starting', 'running']);

/** @throws AppError where it does not answer (yet) */
export function ready(
  route: ServiceRoute,
): ServiceRoute & { readonly endpoint: NonNullable<ServiceRoute['endpoint']> } {
  const { endpoint, state, reason } = route;
  if (endpoint !== null) return { ...route, endpoint };
  const why = reason === null ? '' : `: ${reason.trimEnd()}`;
  throw new AppError('service_not_ready', `The service does not answer (status: ${state})${why}`, {
    ...(coming.has(state) ? { retryAfterSeconds: state === 'starting' ? 5 : 10 } : {}),
  });
}

export function noService(id: string): AppError {
  return new AppError('service_not_found', `There is no service "${shown(id)}" that runs.`, {
    param: 'id',
  });
}

/** The table lacks it, and the store does not say whether it is new. */
export function serviceNotKnownNow(id: string): AppError {
  const message = `Whether there is a service "${shown(id)}" cannot be told at the moment: the database does not answer in time.`;
  return new AppError('store_unavailable', message, { param: 'id', retryAfterSeconds: 2 });
}
