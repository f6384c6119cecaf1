import { hash, timingSafeEqual } from 'node:crypto';
import type { Principal, ProjectName } from '@wakefield/domain';
import { bearerToken } from './bearer.ts';
import type { Identifier } from './identifier.ts';

/** Whoever holds the installation's local key may do everything in every project. */
export const staticPrincipal: Principal = staticPrincipalOf(null);

/** The holder of a local key that is limited to some projects; null: of one that is not. */
function staticPrincipalOf(projects: readonly ProjectName[] | null): Principal {
  const grants = (projects ?? ['*']).map((project) =>
    Object.freeze({ project, role: 'admin' } as const),
  );
  return Object.freeze({ kind: 'static', id: 'local', grants: Object.freeze(grants) });
}

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

/**
 * Identifies callers that send `Authorization: Bearer <key>`.
 * @param projects that the key is good for; null: all of them, and the installation
 */
export function createStaticKeyIdentifier(
  key: string,
  projects: readonly ProjectName[] | null = null,
): Identifier {
  const isKey = createKeyCheck(key);
  const principal = projects === null ? staticPrincipal : staticPrincipalOf(projects);
  return {
    identify(authorization) {
      const token = bearerToken(authorization);
      return token !== null && isKey(token) ? principal : null;
    },
  };
}
