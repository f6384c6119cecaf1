import { hash, randomBytes } from 'node:crypto';
import type { SessionStore } from '@wakefield/control';
import { isAppError, type Principal } from '@wakefield/domain';
import { z } from 'zod';
import type { Identifier } from './identifier.ts';
import type { BrowserIdentifier } from './sign-in/browser-identifier.ts';
import { createCookie } from './sign-in/cookie.ts';
import { keyFor, seal, unseal } from './sign-in/seal.ts';

const visit = z.strictObject({
  serviceId: z.string(),
  /** By what its visitor is known: it is looked at again with each request, so a visit ends when it does. */
  authorization: z.string().nullable(),
  cookie: z.string().nullable(),
  endsAt: z.number(),
});
type Visit = z.output<typeof visit>;

/** Browsers that look at a service on an origin of its own, to which they send nothing that would be good elsewhere. */
export interface Visits {
  /**
   * @returns a word that opens the service once, and until when (ms)
   * @throws AppError `store_unavailable`
   */
  invite(serviceId: string, by: VisitorCredential): Promise<Invitation>;
  /** Takes such a word. @returns what to set as cookie; null: it was taken before, or is too old, or for another service */
  begin(word: string, serviceId: string): Promise<string | null>;
  /** Who visits this service. @returns null where nobody is known, or not any more */
  identify(cookieHeader: string | undefined, serviceId: string): Promise<Principal | null>;
}

export interface Invitation {
  readonly word: string;
  readonly expiresAt: number;
}

/** What somebody was known by who asked for a link: `Authorization`, else cookies. */
export interface VisitorCredential {
  readonly authorization: string | undefined;
  readonly cookie: string | undefined;
}

export interface VisitsDeps {
  readonly store: SessionStore;
  readonly identifier: Identifier;
  readonly browsers: BrowserIdentifier | null;
  /** Over https. */
  readonly secure: boolean;
  /** Wall clock in ms. */
  readonly now: () => number;
}

/** How long a link is good. */
const linkMs = 60_000;
/** A working day; who stays longer opens it anew. */
const visitMs = 12 * 3_600_000;
const wordForm = /^[A-Za-z0-9_-]{43}$/;

/** As with sessions the store sees neither words (a hash of each is its name) nor credentials (sealed with it). */
export function createVisits({ store, identifier, browsers, secure, now }: VisitsDeps): Visits {
  const cookie = createCookie('wakefield_visit', secure);
  const nameOf = (kind: Kind, word: string) => hash('sha256', `${kind} ${word}`, 'base64url');
  const put = async (kind: Kind, value: Visit): Promise<string> => {
    const word = randomBytes(32).toString('base64url');
    const sealed = seal(keyFor(kind, word), JSON.stringify(value));
    await store.put(nameOf(kind, word), sealed, value.endsAt - now());
    return word;
  };
  const opened = (kind: Kind, word: string, found: string | null, id: string): Visit | null => {
    const text = found === null ? null : unseal(keyFor(kind, word), found);
    const parsed = text === null ? null : visit.safeParse(JSON.parse(text));
    if (parsed?.success !== true) return null;
    const { serviceId, endsAt } = parsed.data;
    return serviceId === id && now() < endsAt ? parsed.data : null;
  };
  const known = async ({ authorization, cookie }: Visit): Promise<Principal | null> => {
    try {
      if (authorization !== null) return await identifier.identify(authorization);
      return (await browsers?.identify(cookie ?? undefined)) ?? null;
    } catch (error) {
      if (isAppError(error) && error.code === 'invalid_api_key') return null;
      throw error;
    }
  };
  return {
    invite: async (serviceId, by) => {
      const { authorization = null, cookie = null } = by;
      const endsAt = now() + linkMs;
      const word = await put('link', { serviceId, authorization, cookie, endsAt });
      return { word, expiresAt: endsAt };
    },
    begin: async (word, serviceId) => {
      if (!wordForm.test(word)) return null;
      const found = opened('link', word, await store.take(nameOf('link', word)), serviceId);
      if (found === null) return null;
      return cookie.set(await put('visit', { ...found, endsAt: now() + visitMs }), visitMs / 1000);
    },
    identify: async (header, serviceId) => {
      for (const word of cookie.values(header)) {
        if (!wordForm.test(word)) continue;
        const found = opened('visit', word, await store.get(nameOf('visit', word)), serviceId);
        const principal = found === null ? null : await known(found);
        if (principal !== null) return principal;
      }
      return null;
    },
  };
}

type Kind = 'link' | 'visit';
