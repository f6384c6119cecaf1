import type { IncomingHttpHeaders } from 'node:http';
import { authorityOf } from '@wakefield/runtime';
import { dropHopByHop, isOfThisSite } from '../inference/headers.ts';
import { cookiesOf, setByService, withoutOurs } from './cookies.ts';
import type { ReadyService } from './find-service.ts';
import { ownLocation } from './own-location.ts';
import type { ServicePlace } from './service-place.ts';

/**
 * What a service may not do to pages of ours when it is asked on our own origin: without `allow-same-origin` its pages have
 * an origin of nobody, from which no browser sends our cookies, nor lets scripts read what is here (CSP Level 3 §6.4.2).
 */
const sandbox = 'sandbox allow-downloads allow-forms allow-modals allow-popups allow-scripts';

/** On an origin of its own no page of another one may show it, for its visitor to click on (CSP Level 3 §6.4.2). */
const noFrames = "frame-ancestors 'self'";

/**
 * Makes of a request's headers those for the service: its own key instead of the credentials of its caller, which it never
 * sees. One that is below its base path knows how it is called from outside, and compares that with `Origin`; one at the
 * root is called by its address.
 */
export function toService(
  headers: IncomingHttpHeaders,
  { access, endpoint }: ReadyService,
  { prefix, address, publicHost, isVisited, guardsCookies }: ServicePlace,
): IncomingHttpHeaders {
  dropHopByHop(headers);
  // A browser on our own origin has cookies of others there, of a sign-in to a whole domain; a program has those that it was given.
  if (!isVisited && headers.authorization === undefined) delete headers.cookie;
  delete headers.authorization;
  delete headers['x-request-timeout'];
  delete headers['x-project'];
  // Nobody answers it between here and the service.
  delete headers.expect;
  const cookie = (guardsCookies ? setByService : withoutOurs)(headers.cookie);
  if (cookie === undefined) delete headers.cookie;
  else headers.cookie = cookie;
  headers.host = (access.underBasePath ? publicHost : undefined) ?? authorityOf(address);
  if (!access.underBasePath) headers['x-forwarded-prefix'] = prefix;
  return Object.assign(headers, keyHeaders({ access, endpoint }));
}

/** How a service is shown the key of its job. */
export function keyHeaders({
  access: { key },
  endpoint,
}: Pick<ReadyService, 'access' | 'endpoint'>): Readonly<Record<string, string>> {
  if (key.kind === 'authorization') return { authorization: `${key.scheme} ${endpoint.key}` };
  return key.kind === 'header' ? { [key.name.toLowerCase()]: endpoint.key } : {};
}

/**
 * Makes of a service's headers those for its caller: what would speak for this whole site is dropped, redirections and
 * cookies stay below its own path.
 * @param isSandboxed whether it is asked on the origin of our own pages
 */
export function fromService(
  headers: IncomingHttpHeaders,
  place: ServicePlace,
  requestId: string,
  isSandboxed: boolean,
): IncomingHttpHeaders {
  dropHopByHop(headers);
  // Whoever writes the answer frames it.
  delete headers['transfer-encoding'];
  const cookies = headers['set-cookie']?.flatMap((cookie) => cookiesOf(cookie, place));
  const { location, 'content-security-policy': policy } = headers;
  for (const name of Object.keys(headers)) if (isOfThisSite(name)) delete headers[name];
  if (cookies !== undefined && cookies.length > 0) headers['set-cookie'] = cookies;
  const to = location === undefined ? null : ownLocation(location, place);
  if (to === null) delete headers.location;
  else headers.location = to;
  const own = isSandboxed ? sandbox : noFrames;
  headers['content-security-policy'] = policy === undefined ? own : `${policy}, ${own}`;
  headers['x-request-id'] = requestId;
  return headers;
}
