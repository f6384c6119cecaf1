import { setTimeout as wait } from 'node:timers/promises';
import type { Log } from '@wakefield/control';
import { isAppError, type Principal } from '@wakefield/domain';
import { type Configuration, ResponseBodyError, refreshTokenGrant } from 'openid-client';
import { plainError } from '../plain-error.ts';
import { unavailable } from '../refusals.ts';
import type { Issuer } from '../tokens/issuer.ts';
import type { TokenIdentifier } from '../tokens/token-identifier.ts';
import { watchTrouble } from '../trouble.ts';
import type { Cookie } from './cookie.ts';
import { revoke } from './leave-issuer.ts';
import type { Session, Sessions } from './sessions.ts';

/** A token that ends within this time is exchanged first. */
const marginMs = 10_000;
/** What a refresh takes at most beside discovery and the exchange, of which each may take the issuer's time. */
const spareMs = 5000;

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
  readonly log: Log;
}

export function createBrowserIdentifier(deps: BrowserIdentifierDeps): BrowserIdentifier {
  const { sessions, cookie, tokens, now } = deps;
  const isFresh = ({ expiresAt }: Session) => now() < expiresAt - marginMs;

  const byName = new Map(
    deps.issuers.map((issuer) => [issuer.config.name, createRefresh(issuer, deps)]),
  );

  const refreshed = async (word: string, before: Session): Promise<Session | null> => {
    const refresh = byName.get(before.issuer);
    if (refresh === undefined) {
      // Its issuer is not configured any more.
      await sessions.end(word);
      return null;
    }
    const isNewer = ({ accessToken }: Session) => accessToken !== before.accessToken;
    const release = await sessions.claim(word, refresh.longestMs);
    if (release === null) return await refreshedElsewhere(deps, word, isNewer, refresh.longestMs);
    try {
      // It may have been somebody else's turn just now: a refresh token is good once.
      const latest = await sessions.read(word);
      if (latest === null || isNewer(latest)) return latest;
      const next = await refresh.exchange(latest);
      if (next === null) await sessions.end(word);
      else if (!(await sessions.replace(word, next))) {
        // Signed out meanwhile, which took back the token before this one.
        await refresh.giveBack(next);
        return null;
      }
      return next;
    } finally {
      await release().catch(() => undefined);
    }
  };
  const known = async (word: string): Promise<Principal | null> => {
    const found = await sessions.read(word);
    if (found === null) return null;
    const session = isFresh(found) ? found : await refreshed(word, found);
    if (session === null) return null;
    try {
      return await tokens.ofToken(session.accessToken, session.issuer);
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
  longestMs: number,
): Promise<Session | null> {
  const deadline = performance.now() + longestMs;
  while (performance.now() < deadline) {
    await wait(50);
    const session = await sessions.read(word);
    if (session === null || isNewer(session)) return session;
  }
  throw unavailable(new Error('a refresh elsewhere takes too long'));
}

/** New tokens for sessions of one issuer. */
interface Refresh {
  /** The longest that one takes. */
  readonly longestMs: number;
  /** @returns null where the issuer ends the session: signed out there, disabled, or too old */
  exchange(session: Session): Promise<Session | null>;
  /** For tokens that nobody is to have. */
  giveBack(session: Session): Promise<void>;
}

function createRefresh(
  { config, metadata }: Issuer,
  { now, log }: Pick<BrowserIdentifierDeps, 'now' | 'log'>,
): Refresh {
  const client = config.signIn;
  const watched = watchTrouble(log, { issuer: config.name, asked: 'refresh' });
  return {
    longestMs: 2 * config.timeout * 1000 + spareMs,
    exchange: async (session) => {
      const { refreshToken } = session;
      if (client === null || refreshToken === null) return null;
      const configuration = await metadata.configurationOf(client);
      try {
        const given = await watched(() => refusedOrGiven(configuration, refreshToken));
        if (given === null) return null;
        return {
          ...session,
          accessToken: given.access_token,
          refreshToken: given.refresh_token ?? refreshToken,
          expiresAt: now() + (given.expires_in ?? 60) * 1000,
        };
      } catch (error) {
        metadata.doubt(error);
        throw unavailable(error);
      }
    },
    giveBack: async ({ refreshToken }) => {
      if (client === null || refreshToken === null) return;
      await revoke(metadata, client, refreshToken).catch((error: unknown) => {
        const fields = { err: plainError(error), issuer: config.name };
        log.warn(fields, 'a refresh token was not taken back');
      });
    },
  };
}

/**
 * Only `invalid_grant` speaks of this token (RFC 6749 §5.2). Whatever else is refused is the fault of our configuration, or
 * of a gateway, and no reason to sign anybody out.
 */
async function refusedOrGiven(configuration: Configuration, refreshToken: string) {
  try {
    return await refreshTokenGrant(configuration, refreshToken);
  } catch (error) {
    if (error instanceof ResponseBodyError && error.error === 'invalid_grant') return null;
    throw error;
  }
}
