import { createLoginCookie, type LoginCookie } from './login-cookie.ts';
import type { Auth } from './open-auth.ts';
import { createKeyCheck, type KeyCheck } from './static-key.ts';

export interface KeyLoginOptions {
  readonly lifetimeSeconds: number;
  /** Whether the cookie is for https alone, whatever the address says. */
  readonly secure: boolean;
  /** Where browsers find the installation; null where nobody has said it. */
  readonly publicUrl: string | null;
}

export interface KeyLogin {
  readonly login: LoginCookie | null;
  readonly isKey: KeyCheck;
}

/**
 * The login form of the queue dashboard takes the static key, and that only where it opens the whole installation: the
 * dashboard shows the jobs of every project.
 */
export function keyLoginOf(
  { masterKey }: Pick<Auth, 'masterKey'>,
  { lifetimeSeconds, secure, publicUrl }: KeyLoginOptions,
): KeyLogin {
  if (masterKey === null) return { login: null, isKey: () => false };
  return {
    login: createLoginCookie({
      key: masterKey,
      path: '/ops',
      lifetimeSeconds,
      secure: secure || publicUrl?.startsWith('https:') === true,
    }),
    isKey: createKeyCheck(masterKey),
  };
}
