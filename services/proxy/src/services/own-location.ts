import { authorityOf } from '@wakefield/runtime';
import type { ServicePlace } from './service-place.ts';

/**
 * What clients read differently: backslashes and control characters (as slashes, or not at all, by WHATWG URL; as they are by
 * RFC 3986), and hosts that are missing, for which some put ours.
 */
const ambiguous = /[\\\p{Cc}]|^(?:https?:)?\/{3}|^https?:(?!\/\/)/iu;

/**
 * Where a service redirects its caller, as seen from outside. On our own host that is never anything but the service: clients
 * repeat their request there with their key, whichever method it has (307). What is read as a path is written anew,
 * without dots, so that nobody normalises it otherwise than here. To other hosts neither programs nor browsers take
 * what is for us.
 * @returns null: nowhere that a caller should be sent
 */
export function ownLocation(location: string, place: ServicePlace): string | null {
  const { prefix, underBasePath, rest } = place;
  if (ambiguous.test(location)) return null;
  const asked = `${underBasePath ? prefix : ''}${rest.startsWith('/') ? rest : `/${rest}`}`;
  const to = URL.parse(location, `http://service.invalid${asked}`);
  if (to === null) return null;
  if (to.protocol !== 'http:' && to.protocol !== 'https:') return location;
  const namesHost = /^(?:https?:)?\/\//i.test(location);
  const whose = namesHost ? hostKind(to, place) : 'here';
  if (whose !== 'here') return whose === 'elsewhere' ? location : null;
  if (isBelow(to.pathname, prefix)) return pathOf(to, to.pathname);
  return underBasePath ? null : pathOf(to, `${prefix}${to.pathname}`);
}

/** @returns 'beside': another port of our host, for which many programs have the same key */
function hostKind(to: URL, { address, publicHost }: ServicePlace): 'here' | 'beside' | 'elsewhere' {
  if (to.host === authorityOf(address).toLowerCase()) return 'here';
  const ours = publicHost === undefined ? null : URL.parse(`${to.protocol}//${publicHost}`);
  if (ours === null || withoutDot(to.hostname) !== withoutDot(ours.hostname)) return 'elsewhere';
  return to.port === ours.port ? 'here' : 'beside';
}

/** A name with a dot at its end is the same host. */
function withoutDot(hostname: string): string {
  return hostname.replace(/\.$/, '');
}

function pathOf({ search, hash }: URL, pathname: string): string {
  return `${pathname}${search}${hash}`;
}

/** @param path without a query */
export function isBelow(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(`${prefix}/`);
}
