import type { IncomingMessage } from 'node:http';
import { noQuery, parseInput } from '@wakefield/contracts';
import type { Principal, ServiceRoute } from '@wakefield/domain';
import { refusals } from '../inference/refusals.ts';
import type { NodeCall } from '../server/node-call.ts';
import {
  findService,
  noService,
  notKnownNow,
  rightsProblem,
  type WantedService,
} from './find-service.ts';
import type { ServiceParts } from './parts.ts';
import { checkSession } from './visitor.ts';

/**
 * The service that somebody wants, where it is for them.
 * @throws AppError
 */
export async function admit(
  { routes, catchUp }: Pick<ServiceParts, 'routes' | 'catchUp'>,
  principal: Principal,
  wanted: WantedService,
): Promise<ServiceRoute> {
  const find = (): ServiceRoute | null => {
    const index = routes();
    return index === null ? null : findService(index, principal, wanted);
  };
  const found = find() ?? (await lookAgain(catchUp, find, wanted));
  const problem = rightsProblem(found, principal);
  if (problem !== null) throw problem;
  return found;
}

/** It may have been started just now. */
async function lookAgain(
  catchUp: ServiceParts['catchUp'],
  find: () => ServiceRoute | null,
  { id }: WantedService,
): Promise<ServiceRoute> {
  const isCurrent = await catchUp();
  const found = find();
  if (found === null) throw isCurrent ? noService(id) : notKnownNow(id);
  return found;
}

/** @throws AppError where nobody is known */
export function known(principal: Principal | null, authorization: string | undefined): Principal {
  if (principal === null) throw refusals.notAuthorized(authorization);
  return principal;
}

/** A service, and who may use it. */
export interface Admitted {
  readonly who: Principal;
  readonly service: ServiceRoute;
}

/**
 * The service that a request names by itself, on our own origin.
 * @throws AppError
 */
export async function serviceOf(
  parts: ServiceParts,
  request: IncomingMessage,
  client: NodeCall,
  id: string,
): Promise<Admitted> {
  const who = known(await parts.callerOf(client), client.header('authorization'));
  checkSession(client, request);
  checkQuery(request);
  return { who, service: await admit(parts, who, { id, project: projectOf(request) }) };
}

/** @throws AppError `invalid_request`: none of these takes one */
function checkQuery({ url = '/' }: IncomingMessage): void {
  const mark = url.indexOf('?');
  if (mark === -1) return;
  parseInput(noQuery, Object.fromEntries(new URLSearchParams(url.slice(mark))), 'query');
}

/** What a caller says of the project, as at the api. */
export function projectOf({ headers }: IncomingMessage): string | undefined {
  const { 'x-project': project } = headers;
  return typeof project === 'string' ? project : undefined;
}
