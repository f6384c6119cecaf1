import { randomBytes } from 'node:crypto';
import type { SessionStore } from '@wakefield/control';
import { z } from 'zod';
import type { Cookie } from './cookie.ts';
import { keyFor, seal, unseal } from './seal.ts';

const way = z.strictObject({
  issuer: z.string(),
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  returnTo: z.string(),
  endsAt: z.number(),
});
/** What a browser was sent to an issuer with. */
export type Way = z.output<typeof way>;

/** How long a person may take at the issuer. */
const longestMs = 600_000;
/** Tabs that may be on their way at the same time: a cookie holds 4 KiB (RFC 6265 §6.1). */
const mostWays = 3;

/** Ways of browsers to an issuer and back. They are kept by the browser, sealed: nobody may ever come back. */
export interface Ways {
  /** @returns the cookie, which holds those of other tabs, too */
  begin(begun: Omit<Way, 'endsAt'>, cookieHeader: string | undefined): Promise<string>;
  /** @returns the way of this state, and the cookie without it; null where this browser has none */
  finish(
    state: string | null,
    cookieHeader: string | undefined,
  ): Promise<{ readonly way: Way; readonly cookie: string } | null>;
}

export function createWays(store: SessionStore, cookie: Cookie, now: () => number): Ways {
  const keyOf = createWayKey(store);
  const known = (key: Buffer, header: string | undefined): { way: Way; sealed: string }[] =>
    cookie
      .values(header)
      .flatMap((value) => value.split('.').slice(-mostWays))
      .flatMap((sealed) => {
        const text = unseal(key, sealed);
        const found = text === null ? null : way.parse(JSON.parse(text));
        return found === null || now() >= found.endsAt ? [] : [{ way: found, sealed }];
      });
  const cookieOf = (sealed: readonly string[]): string =>
    sealed.length === 0
      ? cookie.clear()
      : cookie.set(sealed.slice(-mostWays).join('.'), longestMs / 1000);

  return {
    begin: async (begun, header) => {
      const key = await keyOf();
      const sealed = seal(key, JSON.stringify({ ...begun, endsAt: now() + longestMs }));
      return cookieOf([...known(key, header).map((one) => one.sealed), sealed]);
    },
    finish: async (state, header) => {
      const all = known(await keyOf(), header);
      const found = all.find((one) => one.way.state === state);
      if (found === undefined) return null;
      const others = all.filter((one) => one !== found).map((one) => one.sealed);
      return { way: found.way, cookie: cookieOf(others) };
    },
  };
}

/**
 * One key for all processes, made by the first of them and looked at every time: a store that was emptied gets it back
 * from the next one who has it, and nobody goes on with another.
 */
function createWayKey(store: SessionStore): () => Promise<Buffer> {
  let secret = randomBytes(32).toString('base64url');
  return async () => {
    secret = await store.settle('way-key', secret);
    return keyFor('way to the issuer', secret);
  };
}
