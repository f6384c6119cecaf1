import { hash, randomBytes } from 'node:crypto';
import type { SessionStore } from '@wakefield/control';
import { AppError, isAppError, type Principal } from '@wakefield/domain';
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
   * @param who known by that credential
   * @returns a word that opens the service once, and until when (ms)
   * @throws AppError `store_unavailable`; `rate_limit_exceeded` where they have as many links and visits as one may have
   */
  invite(serviceId: string, by: VisitorCredential, who: Visitor): Promise<Invitation>;
  /**
   * Takes such a word, and ends the visit that the browser has had.
   * @returns what to set as cookie; null: it was taken before, or is too old, or for another service, or of somebody who is
   *   not known any more
   */
  begin(word: string, serviceId: string, cookieHeader?: string): Promise<string | null>;
  /** Who visits this service. @returns null where nobody is known, or not any more */
  identify(cookieHeader: string | undefined, serviceId: string): Promise<Principal | null>;
}

export type Visitor = Pick<Principal, 'kind' | 'id'>;

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
  /** Links and visits of one principal at once. */
  readonly most: number;
  /** Wall clock in ms. */
  readonly now: () => number;
}

/** How long a link is good. */
const linkMs = 60_000;
/** A working day; who stays longer opens it anew. */
const visitMs = 12 * 3_600_000;
const wordForm = /^[A-Za-z0-9_-]{43}$/;

/** As with sessions the store sees neither words (a hash of each is its name) nor credentials (sealed with it). */
export function createVisits(deps: VisitsDeps): Visits {
  const { store, identifier, browsers, secure, most, now } = deps;
  const cookie = createCookie('wakefield_visit', secure);
  const nameOf = (kind: Kind, word: string) => hash('sha256', `${kind} ${word}`, 'base64url');
  const put = async (kind: Kind, value: Visit, who: Visitor): Promise<string> => {
    const word = randomBytes(32).toString('base64url');
    const isIn = await store.enlist(listOf(who), nameOf(kind, word), value.endsAt - now(), most);
    if (!isIn) throw tooMany(most);
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
  /** @returns what it was, and whose; null: nobody's, or nothing that is still good */
  const take = async (kind: Kind, word: string, serviceId: string) => {
    if (!wordForm.test(word)) return null;
    const name = nameOf(kind, word);
    const visit = opened(kind, word, await store.take(name), serviceId);
    const who = visit === null ? null : await known(visit);
    if (visit === null || who === null) return null;
    await store.discharge(listOf(who), name);
    return { visit, who };
  };
  return {
    invite: async (serviceId, by, who) => {
      const { authorization = null, cookie = null } = by;
      const endsAt = now() + linkMs;
      const word = await put('link', { serviceId, authorization, cookie, endsAt }, who);
      return { word, expiresAt: endsAt };
    },
    begin: async (word, serviceId, header) => {
      const link = await take('link', word, serviceId);
      if (link === null) return null;
      const value = { ...link.visit, endsAt: now() + visitMs };
      const opened = await put('visit', value, link.who);
      // Only now: where there is no room for a new one, the old one is still good.
      for (const old of cookie.values(header)) await take('visit', old, serviceId);
      return cookie.set(opened, visitMs / 1000);
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

function tooMany(most: number): AppError {
  const message = `You have ${most} links to services and visits of them already. A link is over after a minute, a visit after 12 hours, or when its browser opens the same service again.`;
  return new AppError('rate_limit_exceeded', message, {
    ...{ type: 'requests', retryAfterSeconds: linkMs / 1000 },
  });
}

type Kind = 'link' | 'visit';

/** Of what somebody has: a name that tells nobody who. */
function listOf({ kind, id }: Visitor): string {
  return hash('sha256', `visits ${kind} ${id}`, 'base64url');
}
