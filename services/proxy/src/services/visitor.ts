import type { IncomingMessage } from 'node:http';
import type { Visits } from '@wakefield/auth';
import type { Principal, ServiceId } from '@wakefield/domain';
import { refusals } from '../inference/refusals.ts';
import type { ClientCall } from '../server/client-call.ts';

/** What tells who or what asks in a browser. */
type Asked = Pick<IncomingMessage, 'method' | 'headers'>;
type Headed = Pick<ClientCall, 'header'>;

/** Whether it is a person who opens a page, rather than a page or a program that asks for something, or shows it in a frame. */
export function isNavigation({ method, headers }: Asked): boolean {
  if (method !== 'GET' || headers.upgrade !== undefined) return false;
  const { 'sec-fetch-mode': mode, 'sec-fetch-dest': kind = 'document' } = headers;
  if (mode !== undefined) return mode === 'navigate' && kind === 'document';
  return headers.accept?.includes('text/html') === true;
}

/**
 * Who visits a service on its own origin. Pages of other services are of the same site to browsers, which send them our
 * cookie: only pages of this service act with it, and people who go there.
 */
export async function visitorOf(
  visits: Visits,
  asked: Asked,
  id: ServiceId,
): Promise<Principal | null> {
  const { headers } = asked;
  const principal = await visits.identify(headers.cookie, id);
  if (principal !== null && !isFromThisOrigin(asked)) throw refusals.ofAnotherSite();
  return principal;
}

/**
 * Whether the session of a browser counts for a request about a service on our own origin. What changes nothing elsewhere may do
 * something at a service, so a page of another origin of this site, as another service's is, cannot ask for that either.
 * @throws AppError
 */
export function checkSession(client: Headed, asked: Asked): void {
  if (isBySession(client) && !isOfPage(asked)) throw refusals.ofAnotherSite();
}

/**
 * Where services have origins of their own, sessions lead there and no further.
 * @throws AppError
 */
export function checkOpens(client: Headed, asked: Asked): void {
  if (isBySession(client) && !isNavigation(asked)) throw refusals.ofAnotherSite();
}

/** A key among the subprotocols of an offer of WebSocket is one in `Authorization`, too. */
function isBySession(client: Headed): boolean {
  return client.header('authorization') === undefined && client.header('cookie') !== undefined;
}

/** Of the same page's origin, or gone to by a person. Without Fetch Metadata nothing is known. */
function isOfPage(asked: Asked): boolean {
  const { 'sec-fetch-site': site } = asked.headers;
  return site === undefined || site === 'same-origin' || site === 'none' || isNavigation(asked);
}

/** By Fetch Metadata, else, over plain HTTP, by `Origin`, which comes with changes and with offers of WebSocket. */
function isFromThisOrigin(asked: Asked): boolean {
  const { origin, host, 'x-forwarded-host': forwarded, 'sec-fetch-site': site } = asked.headers;
  if (site !== undefined) return isOfPage(asked);
  if (origin === undefined) return true;
  const from = URL.canParse(origin) ? new URL(origin).host : null;
  return from !== null && (from === host || from === forwarded);
}
