import {
  type CryptoKey,
  createLocalJWKSet,
  errors,
  type FlattenedJWSInput,
  type JSONWebKeySet,
  type JWSHeaderParameters,
} from 'jose';
import { unavailable } from '../refusals.ts';

/** Keys that are older vouch for nothing while their issuer answers: one of them may have been withdrawn. */
const maxAgeMs = 300_000;
/** From this age on they are fetched anew behind the answers, so that hardly anybody waits for it. */
const renewalAgeMs = 150_000;
/** A token that names a key that is not there makes us look again, but not more often than this. */
const cooldownMs = 2000;
/** So long we leave an issuer alone that did not answer. */
const restMs = 2000;
/** Who finds old keys waits for new ones, unless the issuer was found away within this time. */
const awayMs = 60_000;

export interface KeySetOptions {
  readonly load: () => Promise<JSONWebKeySet>;
  readonly now: () => number;
}

/** Finds the key of a token, as jose asks for it. */
export type KeySet = (header: JWSHeaderParameters, token: FlattenedJWSInput) => Promise<CryptoKey>;

/**
 * The issuer's public keys in memory. While it does not answer, and only then, old ones stay good: jose's own remote set
 * refuses everything once its keys are old. Asking it for a key that nobody has seen is then `issuer_unavailable`,
 * because a new one may well be there; while it answers, that is a token that nobody of it has signed.
 */
export function createKeySet({ load, now }: KeySetOptions): KeySet {
  let keys: LocalKeys | null = null;
  let loadedAt = Number.NEGATIVE_INFINITY;
  let askedAt = Number.NEGATIVE_INFINITY;
  let failure: unknown = null;
  let loading: Promise<void> | null = null;

  const ask = async (): Promise<void> => {
    askedAt = now();
    try {
      keys = createLocalJWKSet(await load());
      loadedAt = askedAt;
      failure = null;
    } catch (cause) {
      failure = cause;
      throw unavailable(cause);
    } finally {
      loading = null;
    }
  };
  const reload = (): Promise<void> => {
    loading ??= ask();
    return loading;
  };
  const isResting = () =>
    loading === null && now() - askedAt < (failure === null ? cooldownMs : restMs);
  /** @throws AppError `issuer_unavailable` */
  const present = async (): Promise<LocalKeys> => {
    if (keys === null && isResting()) throw unavailable(failure);
    if (keys === null) await reload();
    else if (now() - loadedAt > renewalAgeMs && !isResting()) {
      const isAway = failure !== null && now() - askedAt < awayMs;
      const renewal = reload().catch(() => undefined);
      if (now() - loadedAt > maxAgeMs && !isAway) await renewal;
    }
    return keys ?? noKeys();
  };
  /** The keys as they are now, for one that was not among them. */
  const renewed = async (missing: unknown): Promise<LocalKeys> => {
    if (isResting()) throw failure === null ? missing : unavailable(failure);
    await reload();
    return keys ?? noKeys();
  };

  return async (header, token) => {
    const known = await present();
    try {
      return await known(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      const newer = await renewed(error);
      return await newer(header, token);
    }
  };
}

type LocalKeys = ReturnType<typeof createLocalJWKSet>;

function noKeys(): never {
  throw unavailable(new Error('no keys'));
}
