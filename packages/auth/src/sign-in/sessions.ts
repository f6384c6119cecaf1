import { hash, randomBytes } from 'node:crypto';
import type { SessionStore } from '@wakefield/control';
import { z } from 'zod';
import { keyFor, seal, unseal } from './seal.ts';

const session = z.strictObject({
  issuer: z.string(),
  accessToken: z.string(),
  refreshToken: z.string().nullable(),
  /** Of the access token, in ms. */
  expiresAt: z.number(),
  /** Of the session, in ms: no refresh leads beyond it. */
  endsAt: z.number(),
});
/** What is kept of a browser that has signed in. */
export type Session = z.output<typeof session>;

/** Sessions by the word that the browser holds. */
export interface Sessions {
  /** @returns the word for the cookie */
  begin(session: Session): Promise<string>;
  read(word: string): Promise<Session | null>;
  replace(word: string, session: Session): Promise<void>;
  end(word: string): Promise<void>;
  /** The right to refresh it, for a while; false where somebody else is about to. */
  claim(word: string): Promise<boolean>;
  release(word: string): Promise<void>;
}

const claimMs = 15_000;
const wordBytes = 32;
const word = /^[A-Za-z0-9_-]{43}$/;

/**
 * The store sees neither the word (a hash of it is the name) nor the tokens (sealed with a key that only the word
 * makes): who reads the store can take nobody's place.
 */
export function createSessions(store: SessionStore, now: () => number): Sessions {
  const nameOf = (of: string) => hash('sha256', `session ${of}`, 'base64url');
  const put = async (of: string, value: Session): Promise<void> => {
    const sealed = seal(keyFor('session', of), JSON.stringify(value));
    await store.put(nameOf(of), sealed, value.endsAt - now());
  };
  return {
    begin: async (value) => {
      const made = randomBytes(wordBytes).toString('base64url');
      await put(made, value);
      return made;
    },
    read: async (of) => {
      if (!word.test(of)) return null;
      const sealed = await store.get(nameOf(of));
      const text = sealed === null ? null : unseal(keyFor('session', of), sealed);
      if (text === null) return null;
      const parsed = session.safeParse(JSON.parse(text));
      return parsed.success && now() < parsed.data.endsAt ? parsed.data : null;
    },
    replace: put,
    end: async (of) => {
      if (word.test(of)) await store.remove(nameOf(of));
    },
    claim: (of) => store.claim(`${nameOf(of)}:refresh`, claimMs),
    release: (of) => store.remove(`${nameOf(of)}:refresh`),
  };
}
