import type { Log, SessionStore } from '@wakefield/control';
import type { AuthFile } from './config/load-auth-file.ts';
import { boundedFetch } from './http/bounded-fetch.ts';
import { firstOf, type Identifier } from './identifier.ts';
import { type BrowserIdentifier, createBrowserIdentifier } from './sign-in/browser-identifier.ts';
import { createCookie } from './sign-in/cookie.ts';
import { createSessions } from './sign-in/sessions.ts';
import { createSignIn, type SignIn } from './sign-in/sign-in.ts';
import { createStaticKeyIdentifier } from './static-key.ts';
import { createIssuer } from './tokens/issuer.ts';
import { createTokenIdentifier } from './tokens/token-identifier.ts';

export interface AuthOptions {
  readonly file: AuthFile;
  /** The static key; null where there is none. */
  readonly localKey: string | null;
  readonly sessions: SessionStore;
  /** How long a browser stays signed in at most. */
  readonly sessionSeconds: number;
  /** Wall clock in ms. */
  readonly now: () => number;
  readonly log: Log;
}

/** Everything that tells who calls, as auth.yaml says. */
export interface Auth {
  /** By `Authorization`. */
  readonly identifier: Identifier;
  /** By the session of a browser; null where nobody can sign in with one. */
  readonly browsers: BrowserIdentifier | null;
  readonly signIn: SignIn | null;
  /** The static key where it opens the whole installation, for logins that are signed with it; else null. */
  readonly masterKey: string | null;
}

/** @throws Error when nobody could come in */
export function openAuth({ file, localKey, ...options }: AuthOptions): Auth {
  const { now, log } = options;
  const key = file.staticKey.enabled ? localKey : null;
  if (key === null && file.issuers.length === 0)
    throw new Error('there is neither a static key nor an issuer: nobody could come in');
  const issuers = file.issuers.map((config) =>
    createIssuer(config, { fetch: boundedFetch, now, log }),
  );
  const tokens = createTokenIdentifier(issuers, { now });
  const identifier = firstOf([
    ...(key === null ? [] : [createStaticKeyIdentifier(key, file.staticKey)]),
    ...(issuers.length === 0 ? [] : [tokens]),
  ]);
  const masterKey = file.staticKey.projects === undefined ? key : null;
  const { publicUrl } = file;
  if (publicUrl === null || issuers.every((issuer) => issuer.config.signIn === null))
    return { identifier, browsers: null, signIn: null, masterKey };
  const secure = publicUrl.startsWith('https:');
  const cookie = createCookie('wakefield_session', secure);
  const wayCookie = createCookie('wakefield_way', secure);
  const sessions = createSessions(options.sessions, now);
  const common = { issuers, tokens, sessions, cookie, now, log };
  return {
    identifier,
    masterKey,
    browsers: createBrowserIdentifier(common),
    signIn: createSignIn({
      ...common,
      publicUrl,
      wayCookie,
      store: options.sessions,
      lifetimeSeconds: options.sessionSeconds,
    }),
  };
}
