import { isBelow } from './own-location.ts';
import type { ServicePlace } from './service-place.ts';

/** Of ours, over http and https: what browsers hold of sessions, logins and visits. */
const ourCookie = /^(?:__(?:Host|Secure)-)?wakefield_/i;

/** Nobody but a host itself, over https, sets a cookie of such a name, and nobody else gets it (RFC 6265bis §4.1.3.2). */
const hostPrefix = '__Host-';
/** In front of the name that a service gives a cookie, where browsers are to vouch for it. */
const vouched = `${hostPrefix}service_`;

/** The cookies by which a browser is signed in; undefined: there are none. */
export function sessionOf(cookie: string | undefined): string | undefined {
  const ours = pairsOf(cookie).filter((pair) => /^(?:__Host-)?wakefield_session=/.test(pair));
  return joined(ours);
}

/** The cookies that are not ours; undefined: there are none. */
export function withoutOurs(cookie: string | undefined): string | undefined {
  return joined(pairsOf(cookie).filter((pair) => !ourCookie.test(pair)));
}

/**
 * The cookies that a service, or its pages, have set on its own origin, by the names that they gave them; undefined: there are none.
 * What a browser has of the whole domain, which is somebody else's, comes without the prefix.
 */
export function setByService(cookie: string | undefined): string | undefined {
  const theirs = pairsOf(cookie).filter((pair) => pair.startsWith(hostPrefix));
  const named = theirs.map((pair) =>
    pair.startsWith(vouched) ? pair.slice(vouched.length) : pair,
  );
  return joined(named.filter((pair) => !ourCookie.test(pair)));
}

/**
 * A cookie of a service, for its caller: for this host alone, and below the path of the service. Where browsers are to vouch
 * for it, it is set under the name that they do that for; scripts that look for it find it under its own, too.
 * @returns nothing of one that would take the place of one of ours, or that has no name (RFC 6265bis §5.7)
 */
export function cookiesOf(
  cookie: string,
  { prefix, guardsCookies }: Pick<ServicePlace, 'prefix' | 'guardsCookies'>,
): readonly string[] {
  const [pair = '', ...attributes] = cookie.split(';');
  const name = pair.slice(0, pair.indexOf('=')).trim();
  if (!pair.includes('=') || name === '' || ourCookie.test(name)) return [];
  let path = '/';
  const others = attributes.filter((attribute) => {
    const [key = '', value = ''] = attribute.split('=').map((part) => part.trim());
    if (key.toLowerCase() === 'path') path = value;
    return !['path', 'domain'].includes(key.toLowerCase());
  });
  const below = path.startsWith('/') ? path : '/';
  const own = isBelow(below, prefix) ? below : `${prefix}${below}`;
  const plain = [pair, ...others, ` Path=${own}`].join(';');
  if (!guardsCookies) return [plain];
  const unsecured = others.filter((attribute) => wordOf(attribute) !== 'secure');
  const guarded = [`${vouched}${pair.trimStart()}`, ...unsecured, ' Secure', ' Path=/'].join(';');
  const isForScripts = !others.some((attribute) => wordOf(attribute) === 'httponly');
  // One that has the prefix itself would come back as another.
  return isForScripts && !name.startsWith(hostPrefix) ? [guarded, plain] : [guarded];
}

function wordOf(attribute: string): string {
  return attribute.trim().toLowerCase();
}

function pairsOf(cookie: string | undefined): readonly string[] {
  return (cookie ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair !== '');
}

function joined(pairs: readonly string[]): string | undefined {
  return pairs.length === 0 ? undefined : pairs.join('; ');
}
