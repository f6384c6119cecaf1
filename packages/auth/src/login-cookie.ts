import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

export interface LoginCookieOptions {
  /** The installation's secret; the signing key is derived from it, so a new key ends every login. */
  readonly key: string;
  readonly name?: string;
  /** Path under which the browser sends it. */
  readonly path: string;
  readonly lifetimeSeconds: number;
  /** Set it where the browser speaks TLS. */
  readonly secure?: boolean;
}

/** Logins of browsers, which cannot send a bearer header when they open a page. Nothing is kept on the server. */
export interface LoginCookie {
  /** `Set-Cookie` value for a caller who proved who they are. */
  issue(subject: string, nowMs: number): string;
  /** The subject of a `Cookie` header that carries a login of ours that has not expired; else null. */
  verify(cookieHeader: string | undefined, nowMs: number): string | null;
  /** `Set-Cookie` value that logs out. */
  clear(): string;
}

/**
 * Signed cookies `<subject>.<expiry>.<mac>`: HttpOnly, SameSite=Strict (so that no other site can act with
 * them), with an expiry that is part of what is signed.
 */
export function createLoginCookie(options: LoginCookieOptions): LoginCookie {
  if (options.key === '') throw new Error('the login cookie needs a key');
  const name = options.name ?? 'wakefield_login';
  const secret = Buffer.from(hkdfSync('sha256', options.key, '', 'wakefield login cookie v1', 32));
  const attributes = `Path=${options.path}; HttpOnly; SameSite=Strict${options.secure === true ? '; Secure' : ''}`;
  const sign = (text: string) => createHmac('sha256', secret).update(text).digest();

  return {
    issue(subject, nowMs) {
      const expires = Math.floor(nowMs / 1000) + options.lifetimeSeconds;
      const payload = `${Buffer.from(subject).toString('base64url')}.${expires}`;
      const mac = sign(payload).toString('base64url');
      return `${name}=${payload}.${mac}; Max-Age=${options.lifetimeSeconds}; ${attributes}`;
    },
    verify(cookieHeader, nowMs) {
      for (const value of cookieValues(cookieHeader, name)) {
        const subject = verified(value, sign, nowMs);
        if (subject !== null) return subject;
      }
      return null;
    },
    clear: () => `${name}=; Max-Age=0; ${attributes}`,
  };
}

function verified(value: string, sign: (text: string) => Buffer, nowMs: number): string | null {
  const [subject, expires, mac, ...rest] = value.split('.');
  if (subject === undefined || expires === undefined || mac === undefined || rest.length > 0) {
    return null;
  }
  const expected = sign(`${subject}.${expires}`);
  const given = Buffer.from(mac, 'base64url');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
  // Only we can have signed it, so the expiry is a number that we wrote.
  return Number(expires) * 1000 > nowMs ? Buffer.from(subject, 'base64url').toString() : null;
}

/** All values of one name: a browser may hold several for nested paths. */
export function cookieValues(header: string | undefined, name: string): string[] {
  if (header === undefined) return [];
  return header
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
}
