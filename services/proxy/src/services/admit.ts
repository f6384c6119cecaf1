import type { IncomingMessage } from 'node:http';
import { parseInput, type ServiceQuery } from '@wakefield/contracts';
import type { Principal } from '@wakefield/domain';
import type { z } from 'zod';
import { refusals } from '../inference/refusals.ts';
import type { NodeCall } from '../server/node-call.ts';
import {
  type FoundService,
  findService,
  isComing,
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
): Promise<FoundService> {
  const find = (): FoundService | null => {
    const index = routes();
    return index === null ? null : findService(index, principal, wanted);
  };
  const before = find();
  const found =
    before === null || isComing(before.service) ? await lookAgain(catchUp, find, wanted) : before;
  const problem = rightsProblem(found.service, principal);
  if (problem !== null) throw problem;
  return found;
}

/** It may have been started just now, or answer just now: whoever heard that from the api asks here at once. */
async function lookAgain(
  catchUp: ServiceParts['catchUp'],
  find: () => FoundService | null,
  { id }: WantedService,
): Promise<FoundService> {
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
export interface Admitted<Query> extends FoundService {
  readonly who: Principal;
  readonly query: Query;
}

/**
 * The service that a request names by itself, on our own origin.
 * @param schema of what may follow its path
 * @throws AppError
 */
export async function serviceOf<Query extends ServiceQuery>(
  parts: ServiceParts,
  request: IncomingMessage,
  client: NodeCall,
  id: string,
  schema: z.ZodType<Query>,
): Promise<Admitted<Query>> {
  const who = known(await parts.callerOf(client), client.header('authorization'));
  checkSession(client, request);
  const query = queryOf(schema, request);
  const wanted = { id, project: projectOf(request), cluster: query.cluster };
  return { who, query, ...(await admit(parts, who, wanted)) };
}

/** @throws AppError `invalid_request` by the parameter's name */
function queryOf<T>(schema: z.ZodType<T>, { url = '/' }: IncomingMessage): T {
  const mark = url.indexOf('?');
  const given = mark === -1 ? [] : new URLSearchParams(url.slice(mark));
  return parseInput(schema, Object.fromEntries(given), 'query');
}

/** What a caller says of the project, as at the api. */
export function projectOf({ headers }: IncomingMessage): string | undefined {
  const { 'x-project': project } = headers;
  return typeof project === 'string' ? project : undefined;
}
