import { setTimeout as wait } from 'node:timers/promises';
import { isAppError, type Principal } from '@wakefield/domain';
import { ResponseBodyError, refreshTokenGrant } from 'openid-client';
import { unavailable } from '../refusals.ts';
import type { Issuer } from '../tokens/issuer.ts';
import type { TokenIdentifier } from '../tokens/token-identifier.ts';
import type { Cookie } from './cookie.ts';
import type { Session, Sessions } from './sessions.ts';

/** A token that ends within this time is exchanged first. */
const marginMs = 10_000;
/** How long to wait for another process that refreshes the same session. */
const patienceMs = 5000;

/** Identifies browsers by their session. Not for the hot path: each look asks the store. */
export interface BrowserIdentifier {
  /**
   * @returns null where nobody is signed in, or not any more
   * @throws AppError `store_unavailable`, `issuer_unavailable`
   */
  identify(cookieHeader: string | undefined): Promise<Principal | null>;
}

export interface BrowserIdentifierDeps {
  readonly sessions: Sessions;
  readonly cookie: Cookie;
  readonly issuers: readonly Issuer[];
  readonly tokens: TokenIdentifier;
  readonly now: () => number;
}

export function createBrowserIdentifier(deps: BrowserIdentifierDeps): BrowserIdentifier {
  const { sessions, cookie, tokens, now } = deps;
  const isFresh = ({ expiresAt }: Session) => now() < expiresAt - marginMs;

  const refreshed = async (word: string, before: Session): Promise<Session | null> => {
    const isNewer = ({ accessToken }: Session) => accessToken !== before.accessToken;
    if (!(await sessions.claim(word))) return await refreshedElsewhere(deps, word, isNewer);
    try {
      // It may have been somebody else's turn just now: a refresh token is good once.
      const latest = await sessions.read(word);
      if (latest === null || isNewer(latest)) return latest;
      const next = await exchanged(deps, latest);
      if (next === null) await sessions.end(word);
      else await sessions.replace(word, next);
      return next;
    } finally {
      await sessions.release(word).catch(() => undefined);
    }
  };
  const known = async (word: string): Promise<Principal | null> => {
    const found = await sessions.read(word);
    if (found === null) return null;
    const session = isFresh(found) ? found : await refreshed(word, found);
    if (session === null) return null;
    try {
      return await tokens.ofToken(session.accessToken);
    } catch (error) {
      if (!isAppError(error) || error.code !== 'invalid_api_key') throw error;
      // Its issuer stands by it no more.
      await sessions.end(word);
      return null;
    }
  };
  return {
    identify: async (header) => {
      for (const word of cookie.values(header)) {
        const principal = await known(word);
        if (principal !== null) return principal;
      }
      return null;
    },
  };
}

async function refreshedElsewhere(
  { sessions }: BrowserIdentifierDeps,
  word: string,
  isNewer: (session: Session) => boolean,
): Promise<Session | null> {
  const deadline = performance.now() + patienceMs;
  while (performance.now() < deadline) {
    await wait(50);
    const session = await sessions.read(word);
    if (session === null || isNewer(session)) return session;
  }
  throw unavailable(new Error('a refresh elsewhere takes too long'));
}

/** @returns null where the issuer ends the session: signed out there, disabled, or too old */
async function exchanged(
  { issuers, now }: BrowserIdentifierDeps,
  session: Session,
): Promise<Session | null> {
  const issuer = issuers.find(({ config }) => config.name === session.issuer);
  const client = issuer?.config.signIn;
  if (issuer === undefined || !client || session.refreshToken === null) return null;
  const configuration = await issuer.metadata.configurationOf(client);
  try {
    const given = await refreshTokenGrant(configuration, session.refreshToken);
    return {
      ...session,
      accessToken: given.access_token,
      refreshToken: given.refresh_token ?? session.refreshToken,
      expiresAt: now() + (given.expires_in ?? 60) * 1000,
    };
  } catch (error) {
    if (error instanceof ResponseBodyError && error.status < 500) return null;
    throw unavailable(error);
  }
}
