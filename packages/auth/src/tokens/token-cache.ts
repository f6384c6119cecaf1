import { isAppError, type Principal } from '@wakefield/domain';
import { LRUCache } from 'lru-cache';
import type { Verdict } from './issuer.ts';

/** Who does not answer is not asked again for so long, for each token. */
const restMs = 5000;
/** Verdicts of ended tokens are swept out so often; each renewal of each person is a new token. */
const sweepMs = 60_000;

interface Entry extends Verdict {
  readonly verifiedAt: number;
  /** When the last look brought nothing because nobody answered; null where it did. */
  troubledAt: number | null;
}

export interface TokenCacheOptions {
  readonly now: () => number;
  /** Tokens that are remembered: half a kilobyte each. */
  readonly most?: number;
  /** Grants that are remembered, of all tokens together. */
  readonly mostGrants?: number;
}

/**
 * @param known the verdict of before, where there was one
 * @throws AppError: `issuer_unavailable` leaves what was known standing, `overloaded` leaves it for later, anything
 *   else ends it
 */
type Verify = (known: Verdict | null) => Promise<Verdict>;

/** Verdicts on tokens, by the hash of each: what was seen before is answered at once. */
export interface TokenCache {
  /**
   * A fresh verdict stands. A stale one stands while it is looked into behind it, for as long again. After that whoever
   * asks waits for the look, unless nobody answers: then it stands until the end of the token's life.
   */
  look(key: string, verify: Verify): Principal | Promise<Principal>;
  readonly size: number;
}

export function createTokenCache({
  now,
  most = 150_000,
  mostGrants = 600_000,
}: TokenCacheOptions): TokenCache {
  const entries = new LRUCache<string, Entry>({
    max: most,
    maxSize: mostGrants,
    sizeCalculation: ({ principal }) => 1 + principal.grants.length,
    perf: { now },
    ttlResolution: 0,
  });
  const looks = new Map<string, Promise<Principal>>();
  let sweptAt = now();

  const remember = (key: string, verdict: Verdict): Principal => {
    const at = now();
    if (at - sweptAt >= sweepMs) {
      entries.purgeStale();
      sweptAt = at;
    }
    const ttl = verdict.endsAt - at;
    if (ttl > 0) entries.set(key, { ...verdict, verifiedAt: at, troubledAt: null }, { ttl });
    return verdict.principal;
  };
  /** What stands of a verdict though a look failed; null where nothing does. */
  const afterFailure = (key: string, error: unknown): Principal | null => {
    const code = isAppError(error) ? error.code : null;
    const known = entries.get(key);
    if (code === 'issuer_unavailable' && known !== undefined) {
      known.troubledAt = now();
      return known.principal;
    }
    if (code !== 'issuer_unavailable' && code !== 'overloaded') entries.delete(key);
    return null;
  };
  const verified = async (key: string, verify: Verify): Promise<Principal> => {
    try {
      return remember(key, await verify(entries.get(key) ?? null));
    } catch (error) {
      const principal = afterFailure(key, error);
      if (principal === null) throw error;
      return principal;
    } finally {
      looks.delete(key);
    }
  };
  const lookInto = (key: string, verify: Verify): Promise<Principal> => {
    const underWay = looks.get(key);
    if (underWay !== undefined) return underWay;
    const look = verified(key, verify);
    looks.set(key, look);
    return look;
  };

  return {
    look: (key, verify) => {
      const entry = entries.get(key);
      const at = now();
      if (entry === undefined || at >= entry.endsAt) return lookInto(key, verify);
      if (at - entry.verifiedAt < entry.freshMs || isResting(entry, at)) return entry.principal;
      const look = lookInto(key, verify);
      if (!stands(entry, at)) return look;
      look.catch(() => undefined);
      return entry.principal;
    },
    get size() {
      return entries.size;
    },
  };
}

function isResting({ troubledAt }: Entry, at: number): boolean {
  return troubledAt !== null && at - troubledAt < restMs;
}

/** Whether a stale verdict may stand while it is looked into. Of a trouble of long ago nobody knows whether it lasts. */
function stands({ verifiedAt, troubledAt, freshMs }: Entry, at: number): boolean {
  return troubledAt === null
    ? at - verifiedAt < 2 * freshMs
    : at - troubledAt < Math.max(freshMs, 2 * restMs);
}
