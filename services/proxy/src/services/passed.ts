import type { IncomingMessage } from 'node:http';
import {
  type DurationMs,
  type Principal,
  type ServiceId,
  serviceBasePath,
} from '@wakefield/domain';
import { shown } from '../inference/refusals.ts';
import type { ClientCall } from '../server/client-call.ts';
import { admit, known, projectOf } from './admit.ts';
import { serviceAway } from './connect.ts';
import { type FoundService, noService, type ReadyService } from './find-service.ts';
import type { ServiceParts } from './parts.ts';
import type { ServicePlace } from './service-place.ts';
import { tellError } from './tell-error.ts';
import { checkOpens, checkSession, visitorOf } from './visitor.ts';

/** A request that is for a service itself. */
export interface Passed<Client extends ClientCall = ClientCall> {
  readonly request: IncomingMessage;
  readonly client: Client;
  readonly requestId: string;
  /** When its head was there, by the clock that never goes back. */
  readonly startedAt: DurationMs;
  readonly id: string;
  /** Path under which the service is asked for, as it was written. */
  readonly prefix: string;
  /** What follows it: a path, a query, or nothing. */
  readonly rest: string;
  /** On whose origin it was asked; null: on ours. */
  readonly visited: ServiceId | null;
}

/**
 * On an origin of its own a service is looked at by visitors; sessions of browsers are good on ours alone. What a page says
 * there in `Authorization` is between it and its service (JupyterLab has the key of its server), as long as a visit is known.
 */
export async function callerAt(
  { callerOf, visiting }: ServiceParts,
  { request, client, visited }: Passed,
): Promise<Principal | null> {
  if (visiting === null || visited === null) {
    const caller = await callerOf(client);
    if (caller !== null) (visiting === null ? checkSession : checkOpens)(client, request);
    return caller;
  }
  const visitor = await visitorOf(visiting.visits, request, visited);
  const isByKey = visitor === null && client.header('authorization') !== undefined;
  return isByKey ? await callerOf(client) : visitor;
}

/** @throws AppError */
export async function serviceFor(
  parts: ServiceParts,
  { request, client, id, visited }: Passed,
  principal: Principal | null,
): Promise<FoundService> {
  const who = known(principal, client.header('authorization'));
  const found = await admit(parts, who, {
    // Its query is the service's own.
    ...{ id, project: projectOf(request), cluster: undefined },
  });
  if (visited !== null && visited !== found.service.serviceId) throw noService(id);
  return found;
}

/** Where the service is for the client that asks: its answers lead there, not to where its job runs. */
export function placeOf(
  { visiting }: ServiceParts,
  { request, prefix, rest, visited }: Passed,
  ready: ReadyService,
): ServicePlace {
  const { 'x-forwarded-host': forwarded, host } = request.headers;
  return {
    prefix,
    rest,
    isVisited: visited !== null,
    guardsCookies: visited !== null && visiting?.origins.secure === true,
    publicHost: typeof forwarded === 'string' ? forwarded : host,
    address: ready.endpoint.address,
    underBasePath: ready.access.underBasePath,
  };
}

/** What the service is asked: one below its base path knows it by its own id alone. */
export function pathOf({ rest }: Passed, { access, serviceId }: ReadyService): string {
  return access.underBasePath ? `${serviceBasePath(serviceId)}${rest}` : rest;
}

/** Tells that the service gave no answer. */
export function tellAway(
  parts: ServiceParts,
  { request, client, requestId }: Passed,
  { serviceId, endpoint }: ReadyService,
  error: Error,
): void {
  const { jobId } = endpoint;
  const told = serviceAway(error);
  const what = { requestId, ...whatOf(request, serviceId), jobId, code: told.code };
  parts.logger.warn({ ...what, err: error }, 'a service gave no answer');
  if (!client.closed) tellError(parts, request, client, requestId, told);
}

/** What the log is told of a request. Its query may hold what opens something. */
export function whatOf({ method, url = '/' }: IncomingMessage, id: string) {
  const [path = ''] = url.split('?', 1);
  return { serviceId: shown(id), method, path: shown(path) };
}
