import {
  AppError,
  can,
  meantService,
  type Principal,
  phrases,
  type ServiceEndpoint,
  type ServiceId,
  type ServiceRoute,
  type ServiceState,
} from '@wakefield/domain';
import { shown } from '../inference/refusals.ts';
import type { RouteIndex } from '../routes/route-index.ts';

/** A service that answers. */
export interface ReadyService extends ServiceRoute {
  readonly endpoint: ServiceEndpoint;
}

/** What a caller names a service by. */
export interface WantedService {
  readonly id: string;
  /** The project that it is to be of; undefined: whichever. */
  readonly project: string | undefined;
  /** The cluster that it is to be on; undefined: whichever. */
  readonly cluster: string | undefined;
}

/** What somebody means by a name, and what else has it. */
export interface FoundService {
  readonly service: ServiceRoute;
  /** Further ones that it might be. */
  readonly others: readonly ServiceId[];
}

/** States in which it is of use to ask again. */
const coming: ReadonlySet<ServiceState> = new Set(['pending', 'building', 'starting', 'running']);

/** A service by what its caller calls it, among those of projects that the caller may look at. */
export function findService(
  index: Pick<RouteIndex, 'servicesCalled'>,
  principal: Principal,
  wanted: WantedService,
): FoundService | null {
  const theirs = index
    .servicesCalled(wanted.id)
    .filter(({ project }) => wanted.project === undefined || wanted.project === project)
    .filter(({ cluster }) => wanted.cluster === undefined || wanted.cluster === cluster)
    .filter(({ project }) => can(principal, 'read', project));
  const service = meantService(
    theirs,
    ({ state }) => state,
    (one) => rightsProblem(one, principal) === null,
  );
  if (service === null) return null;
  const others = theirs.filter((one) => one !== service).map(({ serviceId }) => serviceId);
  return { service, others };
}

/** As at the api: nobody is to talk to one for another without a word. */
export function tellOthers({ others }: FoundService): Readonly<Record<string, string>> {
  return others.length === 0 ? {} : { 'x-ambiguous-id': others.join(', ') };
}

/** @returns why the caller may not use it */
export function rightsProblem({ access, project }: ServiceRoute, who: Principal): AppError | null {
  if (can(who, access.permission, project)) return null;
  const message =
    access.permission === 'manage'
      ? `You may not manage the project "${project}", and this service is for those who may.`
      : `You may not use services of the project "${project}".`;
  return new AppError('forbidden', message);
}

/** It does not answer as far as is known, and may do so by now. */
export function isComing({ endpoint, state }: ServiceRoute): boolean {
  return endpoint === null && coming.has(state);
}

/** @throws AppError `service_not_ready` where it does not answer yet, or no more */
export function checkReady(route: ServiceRoute): ReadyService {
  const { endpoint, state, reason } = route;
  if (endpoint !== null) return { ...route, endpoint };
  const why = reason === null ? '.' : `: ${reason.trimEnd()}`;
  const message = `The service does not answer, its status is ${state}${why}`;
  const retryAfterSeconds = state === 'pending' ? 10 : 5;
  throw new AppError('service_not_ready', message, {
    param: 'id',
    ...(isComing(route) ? { retryAfterSeconds } : {}),
  });
}

/** Also of what is another’s: who may not know of a service does not hear that there is one. */
export function noService(id: string): AppError {
  return new AppError('service_not_found', phrases.noService(shown(id)), { param: 'id' });
}

/** The table lacks it, and the store does not say whether it is new. */
export function notKnownNow(id: string): AppError {
  const message = `Whether there is a service "${shown(id)}" cannot be told at the moment: the database does not answer in time.`;
  return new AppError('store_unavailable', message, { param: 'id', retryAfterSeconds: 2 });
}
