import type { IncomingMessage } from 'node:http';
import type { Visits } from '@wakefield/auth';
import type { Principal, ServiceId } from '@wakefield/domain';
import { refusals } from '../inference/refusals.ts';

/** Whether it is a person who opens a page, rather than a page or a program that asks for something. */
export function isNavigation({ method, headers }: IncomingMessage): boolean {
  if (method !== 'GET' || headers.upgrade !== undefined) return false;
  const mode = headers['sec-fetch-mode'];
  if (mode !== undefined) return mode === 'navigate';
  return headers.accept?.includes('text/html') === true;
}

/**
 * Who visits a service on its own origin. Pages of other services are of the same site to browsers, which send them our
 * cookie: only pages of this service act with it, and people who go there.
 */
export async function visitorOf(
  visits: Visits,
  request: IncomingMessage,
  id: ServiceId,
): Promise<Principal | null> {
  const { headers } = request;
  const principal = await visits.identify(headers.cookie, id);
  if (principal !== null && !isFromThisOrigin(request)) throw refusals.ofAnotherSite();
  return principal;
}

/** By Fetch Metadata, else, over plain HTTP, by `Origin`, which comes with changes and with offers of WebSocket. */
function isFromThisOrigin(request: IncomingMessage): boolean {
  const { origin, host, 'x-forwarded-host': forwarded, 'sec-fetch-site': site } = request.headers;
  if (site !== undefined) {
    return site === 'same-origin' || site === 'none' || isNavigation(request);
  }
  if (origin === undefined) return true;
  const from = URL.canParse(origin) ? new URL(origin).host : null;
  return from !== null && (from === host || from === forwarded);
}
