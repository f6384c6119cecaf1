import type { IncomingMessage } from 'node:http';
import type { Visits } from '@wakefield/auth';
import type { Principal, ServiceId } from '@wakefield/domain';
import { refusals } from '../inference/refusals.ts';

/** In the query of a link: taken once, and gone from the address bar with the next answer. */
const linkParameter = 'wakefield_link';

/** Where a link leads. */
export function linkTo(origin: string, pathAndQuery: string, word: string): string {
  const url = new URL(pathAndQuery, origin);
  url.searchParams.append(linkParameter, word);
  return url.href;
}

/** The word of a link, and where it leads without it; null: this is none. */
export function readLink(target: string): { readonly word: string; readonly path: string } | null {
  const at = target.search(/[?&]wakefield_link=[^&]*$/);
  if (at === -1) return null;
  return { word: target.slice(at + linkParameter.length + 2), path: target.slice(0, at) };
}

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
