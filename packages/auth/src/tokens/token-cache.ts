import type { Log } from '@wakefield/control';
import { isAppError, type Principal } from '@wakefield/domain';
import type { Verdict } from './issuer.ts';

/** Who does not answer is not asked again for so long, for each token. */
const restMs = 5000;

interface Entry extends Verdict {
  readonly verifiedAt: number;
  /** When the last look brought nothing because nobody answered; null where it did. */
  troubledAt: number | null;
}

export interface TokenCacheOptions {
  readonly now: () => number;
  readonly log: Log;
  /** Tokens that are remembered. */
  readonly most?: number;
}

/** Verdicts on tokens, by the hash of each: what was seen before is answered at once. */
export interface TokenCache {
  /**
   * A fresh verdict stands. A stale one stands while it is looked into behind it, for as long again. After that whoever
   * asks waits for the look, unless nobody answers: then it stands until the end of the token's life.
   * @param verify rejects with an AppError; anything but `issuer_unavailable` ends what was known
   */
  look(key: string, verify: () => Promise<Verdict>): Principal | Promise<Principal>;
  readonly size: number;
}

export function createTokenCache({ now, log, most = 20_000 }: TokenCacheOptions): TokenCache {
  const entries = new Map<string, Entry>();
  const looks = new Map<string, Promise<Principal>>();

  const remember = (key: string, verdict: Verdict): Principal => {
    entries.delete(key);
    if (entries.size >= most) {
      const [oldest] = entries.keys();
      if (oldest !== undefined) entries.delete(oldest);
    }
    entries.set(key, { ...verdict, verifiedAt: now(), troubledAt: null });
    return verdict.principal;
  };
  const verified = async (key: string, verify: () => Promise<Verdict>): Promise<Principal> => {
    try {
      return remember(key, await verify());
    } catch (error) {
      const known = entries.get(key);
      if (!isAppError(error) || error.code !== 'issuer_unavailable') entries.delete(key);
      else if (known !== undefined && now() < known.endsAt) {
        if (known.troubledAt === null) log.warn({ err: error }, 'a token is honoured unasked');
        known.troubledAt = now();
        return known.principal;
      }
      throw error;
    } finally {
      looks.delete(key);
    }
  };
  const lookInto = (key: string, verify: () => Promise<Verdict>): Promise<Principal> => {
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
      const age = at - entry.verifiedAt;
      if (age < entry.freshMs) return entry.principal;
      if (entry.troubledAt !== null && at - entry.troubledAt < restMs) return entry.principal;
      const look = lookInto(key, verify);
      if (entry.troubledAt === null && age >= 2 * entry.freshMs) return look;
      look.catch(() => undefined);
      return entry.principal;
    },
    get size() {
      return entries.size;
    },
  };
}
