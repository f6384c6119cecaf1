import { hash, timingSafeEqual } from 'node:crypto';
import type { Principal, ProjectName } from '@wakefield/domain';
import { bearerToken } from './bearer.ts';
import type { Identifier } from './identifier.ts';

/** What auth.yaml says of the static key. */
export interface StaticKeyRules {
  /** That it is good for; absent: all of them, and the installation. */
  readonly projects?: readonly ProjectName[] | undefined;
  readonly defaultProject?: ProjectName | undefined;
}

/** Whoever holds the installation's local key may do everything in its projects. */
function staticPrincipalOf({ projects, defaultProject }: StaticKeyRules): Principal {
  const grants = (projects ?? ['*']).map((project) =>
    Object.freeze({ project, role: 'admin' } as const),
  );
  return Object.freeze({
    ...{ kind: 'static', id: 'local', grants: Object.freeze(grants) },
    ...(defaultProject === undefined ? {} : { defaultProject }),
  });
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

/** Identifies callers that send `Authorization: Bearer <key>`. */
export function createStaticKeyIdentifier(key: string, rules: StaticKeyRules = {}): Identifier {
  const isKey = createKeyCheck(key);
  const principal = staticPrincipalOf(rules);
  return {
    identify(authorization) {
      const token = bearerToken(authorization);
      return token !== null && isKey(token) ? principal : null;
    },
  };
}
