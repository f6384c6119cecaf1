import { hash, timingSafeEqual } from 'node:crypto';
import type { Principal } from '@wakefield/domain';
import { bearerToken } from './bearer.ts';
import type { Identifier } from './identifier.ts';

/** Whoever holds the installation's local key may do everything in every project. */
export const staticPrincipal: Principal = Object.freeze({
  kind: 'static',
  id: 'local',
  grants: Object.freeze([Object.freeze({ project: '*', role: 'admin' } as const)]),
});

/** Whether a text is the key; takes the same time whatever the text and however long it is. */
export type KeyCheck = (candidate: string) => boolean;

/**
 * Compares SHA-256 digests in constant time, so that neither a common prefix nor the key's length shows.
 * @throws when the key is empty: an installation that lets everybody in is a mistake, not a wish
 */
export function createKeyCheck(key: string): KeyCheck {
  if (key === '') throw new Error('the static key is empty');
  const expected = hash('sha256', key, 'buffer');
  return (candidate) => timingSafeEqual(hash('sha256', candidate, 'buffer'), expected);
}

/** Identifies callers that send `Authorization: Bearer <key>`. */
export function createStaticKeyIdentifier(key: string): Identifier {
  const isKey = createKeyCheck(key);
  return {
    identify(authorization) {
      const token = bearerToken(authorization);
      return token !== null && isKey(token) ? staticPrincipal : null;
    },
  };
}
