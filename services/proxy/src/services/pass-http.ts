import type { ServerResponse } from 'node:http';
import { AppError, type Principal, type ServiceRoute, serviceBasePath } from '@wakefield/domain';
import { setFraming } from '../server/framing.ts';
import { letBodyCome, type NodeCall } from '../server/node-call.ts';
import { known } from './admit.ts';
import { connectionOf } from './connect.ts';
import { checkReady, type FoundService, type ReadyService } from './find-service.ts';
import { linkFor, readLink } from './links.ts';
import type { ServiceParts } from './parts.ts';
import { passRequest } from './pass-request.ts';
import { callerAt, type Passed, pathOf, placeOf, serviceFor } from './passed.ts';
import { returning } from './returning.ts';
import type { Running } from './running.ts';
import { toService } from './service-headers.ts';
import { enter } from './service-record.ts';
import { isNavigation, visitorOf } from './visitor.ts';

/** Where a caller is sent instead. 303: a page that is opened; 307: the same request. */
interface Redirection {
  readonly status: 303 | 307;
  readonly location: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Passes a request on to a service, or leads its caller to where it may be asked.
 * @throws AppError
 */
export async function passHttp(
  parts: ServiceParts,
  running: Running,
  passed: Passed<NodeCall>,
  response: ServerResponse,
): Promise<void> {
  const led = await leadBefore(parts, passed);
  if (led !== null) {
    redirect(response, passed, led);
    return;
  }
  const principal = await callerAt(parts, passed);
  if (principal === null && passed.visited !== null && isPerson(passed)) throw visitOver();
  const signIn = principal === null ? leadToSignIn(parts, passed) : null;
  if (signIn !== null) {
    redirect(response, passed, signIn);
    return;
  }
  const found = await serviceFor(parts, passed, principal);
  const who = known(principal, passed.client.header('authorization'));
  const { service } = found;
  const next =
    leadToOwnPath(passed, service) ?? (await leadToOwnOrigin(parts, passed, service, who));
  if (next !== null) redirect(response, passed, next);
  else if (!response.closed) {
    pass(parts, running, passed, { ready: checkReady(service), found, who }, response);
  }
}

/** What is decided before anybody has to be known. */
async function leadBefore(
  { visiting }: ServiceParts,
  { request, prefix, rest, visited }: Passed,
): Promise<Redirection | null> {
  if (!rest.startsWith('/')) return { status: 307, location: `${prefix}/${rest}` };
  const link = visited === null ? null : readLink(request.url ?? '/');
  if (visiting === null || visited === null || link === null) return null;
  const cookie = await visiting.visits.begin(link.word, visited, request.headers.cookie);
  if (cookie === null) {
    // Who goes back to it in the history of a browser may well be in.
    if ((await visitorOf(visiting.visits, request, visited)) === null) throw linkUsed();
    return { status: 303, location: link.path };
  }
  // Not under the address of the link, which is in the browser's history.
  const headers = { 'set-cookie': cookie, 'referrer-policy': 'no-referrer' };
  return { status: 303, location: link.path, headers };
}

function leadToSignIn({ hasSignIn }: ServiceParts, passed: Passed): Redirection | null {
  if (!hasSignIn || passed.visited !== null || !isPerson(passed)) return null;
  const returnTo = encodeURIComponent(passed.request.url ?? '/');
  return { status: 303, location: `/auth/login?return_to=${returnTo}` };
}

/** Who serves below its own path knows that by its own id, and would answer with links to it. */
function leadToOwnPath({ prefix, rest }: Passed, found: ServiceRoute): Redirection | null {
  const base = serviceBasePath(found.serviceId);
  if (!found.access.underBasePath || prefix === base) return null;
  return { status: 307, location: `${base}${rest}` };
}

/** A person who is signed in looks at a page where it can do nothing in their name. */
async function leadToOwnOrigin(
  { visiting }: ServiceParts,
  passed: Passed,
  found: ServiceRoute,
  who: Principal,
): Promise<Redirection | null> {
  if (visiting === null || passed.visited !== null || !isPerson(passed)) return null;
  checkReady(found);
  const { url } = await linkFor(visiting, found, passed.client, who, passed.rest);
  return { status: 303, location: url };
}

function isPerson({ request, client }: Passed): boolean {
  return client.header('authorization') === undefined && isNavigation(request);
}

function redirect(
  response: ServerResponse,
  { requestId }: Passed,
  { status, location, headers }: Redirection,
): void {
  const told = { 'x-request-id': requestId, 'cache-control': 'no-store', 'content-length': 0 };
  response.writeHead(status, { ...told, ...headers, location }).end();
}

interface Passable {
  readonly ready: ReadyService;
  readonly found: FoundService;
  readonly who: Principal;
}

function pass(
  parts: ServiceParts,
  running: Running,
  passed: Passed<NodeCall>,
  { ready, found, who }: Passable,
  response: ServerResponse,
): void {
  const { request, client, requestId, startedAt } = passed;
  const place = placeOf(parts, passed, ready);
  const record = enter(parts, running, {
    ...{ ready, who, client, request, requestId, startedAt },
    ...{ operation: 'service', prompt: null, leave: null },
  });
  letBodyCome(request, response);
  setFraming(request);
  passRequest(request, response, {
    options: {
      ...connectionOf(parts, ready),
      method: request.method,
      path: pathOf(passed, ready),
      headers: toService(request.headers, ready, place),
    },
    ...returning(parts, passed, { ready, found, place, record }),
    cut: () => record.cut(),
  });
}

function visitOver(): AppError {
  const message =
    'Your visit of this service is over, or has not begun. Visits last for 12 hours, and no longer than the session or key by which they began. Open the service again where you did before, or ask for a link with POST /api/v1/services/<id>/visits.';
  return new AppError('invalid_api_key', message);
}

function linkUsed(): AppError {
  const message =
    'This link was used before, or is older than a minute. Open the service again, or ask for another one with POST /api/v1/services/<id>/visits.';
  return new AppError('invalid_api_key', message);
}
