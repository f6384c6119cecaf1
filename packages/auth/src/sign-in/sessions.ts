import { hash, randomBytes, randomUUID } from 'node:crypto';
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
  /** @returns false where it was ended meanwhile: then it stays ended */
  replace(word: string, session: Session): Promise<boolean>;
  /** @returns what it was, to one caller alone */
  end(word: string): Promise<Session | null>;
  /** The right to refresh it, for a while. @returns what gives it back; null where somebody else is about to */
  claim(word: string, lifeMs: number): Promise<(() => Promise<void>) | null>;
}

const wordBytes = 32;
const word = /^[A-Za-z0-9_-]{43}$/;

/**
 * The store sees neither the word (a hash of it is the name) nor the tokens (sealed with a key that only the word
 * makes): who reads the store can take nobody's place.
 */
export function createSessions(store: SessionStore, now: () => number): Sessions {
  const nameOf = (of: string) => hash('sha256', `session ${of}`, 'base64url');
  const sealed = (of: string, value: Session) => seal(keyFor('session', of), JSON.stringify(value));
  const opened = (of: string, found: string | null): Session | null => {
    const text = found === null ? null : unseal(keyFor('session', of), found);
    if (text === null) return null;
    const parsed = session.safeParse(JSON.parse(text));
    return parsed.success && now() < parsed.data.endsAt ? parsed.data : null;
  };
  return {
    begin: async (value) => {
      const made = randomBytes(wordBytes).toString('base64url');
      await store.put(nameOf(made), sealed(made, value), value.endsAt - now());
      return made;
    },
    read: async (of) => (word.test(of) ? opened(of, await store.get(nameOf(of))) : null),
    replace: (of, value) => store.replace(nameOf(of), sealed(of, value), value.endsAt - now()),
    end: async (of) => (word.test(of) ? opened(of, await store.take(nameOf(of))) : null),
    claim: async (of, lifeMs) => {
      const [name, owner] = [`${nameOf(of)}:refresh`, randomUUID()];
      return (await store.claim(name, owner, lifeMs)) ? () => store.release(name, owner) : null;
    },
  };
}
