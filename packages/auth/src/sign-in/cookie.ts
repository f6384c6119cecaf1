import { cookieValues } from '../login-cookie.ts';

/** A cookie of a browser that signs in or has signed in: kept from scripts, and not sent with what other sites do. */
export interface Cookie {
  /** `Set-Cookie` value. */
  set(value: string, lifeSeconds: number): string;
  clear(): string;
  /** Every value that came: a browser may hold several of one name. */
  values(cookieHeader: string | undefined): readonly string[];
}

/** Each is looked up: more of them are nobody's. */
const mostValues = 3;

/**
 * @param secure over https: the prefix then keeps other hosts of the domain from setting it (RFC 6265bis §4.1.3.2).
 * `Lax` and not `Strict`, because the way back from the issuer is a link from another site.
 */
export function createCookie(word: string, secure: boolean): Cookie {
  const name = secure ? `__Host-${word}` : word;
  const attributes = `Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
  return {
    set: (value, lifeSeconds) =>
      `${name}=${value}; Max-Age=${Math.floor(lifeSeconds)}; ${attributes}`,
    clear: () => `${name}=; Max-Age=0; ${attributes}`,
    values: (header) => cookieValues(header, name).slice(0, mostValues),
  };
}
