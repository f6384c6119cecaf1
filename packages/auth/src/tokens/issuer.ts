import type { Log } from '@wakefield/control';
import { mergeGrants, type Principal } from '@wakefield/domain';
import type { JSONWebKeySet } from 'jose';
import type { IssuerConfig } from '../config/load-auth-file.ts';
import { chosenProject } from '../grants/chosen-project.ts';
import type { Claims } from '../grants/claim-at.ts';
import { type ClaimGrants, createClaimGrants } from '../grants/claim-grants.ts';
import { askUserOrg } from '../grants/user-org.ts';
import type { Fetch } from '../http/bounded-fetch.ts';
import { rejected } from '../refusals.ts';
import { type Watched, watchTrouble } from '../trouble.ts';
import { checkClaims, saysAccessToken } from './check-claims.ts';
import { createIntrospector, type Introspector } from './introspect.ts';
import { createIssuerMetadata, type IssuerMetadata } from './issuer-metadata.ts';
import { createKeySet } from './key-set.ts';
import { verifyJwt } from './verify-jwt.ts';

/** What a token turned out to be. */
export interface Verdict {
  readonly principal: Principal;
  /** Name of the issuer that stands by it. */
  readonly issuer: string;
  /** How long it is believed without another look. */
  readonly freshMs: number;
  /** End of the token's life: after it nothing is believed. */
  readonly endsAt: number;
}

/** One issuer of auth.yaml. */
export interface Issuer {
  readonly config: IssuerConfig;
  readonly metadata: IssuerMetadata;
  /** Looks at a token that says it is of this issuer. @throws AppError */
  verifyJwt(token: string): Promise<Verdict>;
  /**
   * Asks about a token that says nothing; null where this issuer is not asked.
   * @param isKnown whether it was found good before
   * @throws AppError
   */
  readonly verifyOpaque: ((token: string, isKnown: boolean) => Promise<Verdict>) | null;
}

export interface IssuerDeps {
  readonly fetch: Fetch;
  /** Wall clock in ms. */
  readonly now: () => number;
  readonly log: Log;
}

/** A verified signature is good for its life; now and then it is held against the keys of today. */
const freshBySignatureMs = 300_000;
/** An active token whose issuer does not say when it ends. */
const unsaidLifeMs = 300_000;

export function createIssuer(config: IssuerConfig, deps: IssuerDeps): Issuer {
  const { fetch, now, log } = deps;
  const timeoutMs = config.timeout * 1000;
  const watch = (asked: string): Watched => watchTrouble(log, { issuer: config.name, asked });
  const metadata = createIssuerMetadata({
    issuer: config.issuer,
    ...{ timeoutMs, fetch, now, watched: watch('discovery') },
  });
  const watchedKeys = watch('keys');
  const load = async (): Promise<JSONWebKeySet> => {
    const { jwks_uri: place } = await metadata.read();
    return await watchedKeys(() => loadKeys(metadata, place, fetch, timeoutMs));
  };
  const keys = createKeySet({ load, now });
  const { introspection } = config;
  const introspect: Introspector | null =
    introspection === null
      ? null
      : createIntrospector({
          client: introspection,
          issuer: config.issuer,
          ...{ metadata, now, watched: watch('introspection') },
        });
  const always = introspection?.tokens === 'opaque' ? null : introspect;
  const judge = createJudge(config, deps, watch);

  return {
    config,
    metadata,
    verifyJwt: async (token) => {
      const { claims, isMarked } = await verifyJwt(token, config, keys, now());
      // What would be refused anyway is not worth a question.
      const subject = checkClaims(claims, config, isMarked);
      if (always === null) return await judge(token, subject, claims, freshBySignatureMs);
      // What is asked of the issuer is whether it still stands by the token; the rest is what it has signed.
      await always(token, true);
      return await judge(token, subject, claims, freshOf(introspection));
    },
    verifyOpaque:
      introspect === null || introspection?.tokens === 'signed'
        ? null
        : async (token, isKnown) => {
            const claims = await introspect(token, isKnown);
            if (!saysAccessToken(claims)) throw rejected('audience');
            const subject = checkClaims(claims, config, true);
            return await judge(token, subject, claims, freshOf(introspection));
          },
  };
}

function freshOf(introspection: IssuerConfig['introspection']): number {
  return (introspection?.cache ?? 0) * 1000;
}

/** Turns claims into who it is and what they may do. */
function createJudge(
  config: IssuerConfig,
  { fetch, now }: IssuerDeps,
  watch: (asked: string) => Watched,
) {
  const ofClaims: ClaimGrants[] = [];
  const directories = config.grants.flatMap((rule) =>
    'userOrg' in rule ? [{ rule, watched: watch(rule.userOrg) }] : [],
  );
  for (const rule of config.grants)
    if (!('userOrg' in rule)) ofClaims.push(createClaimGrants(rule));

  return async (
    token: string,
    subject: string,
    claims: Claims,
    freshMs: number,
  ): Promise<Verdict> => {
    const told = await Promise.all(
      directories.map(({ rule, watched }) => watched(() => askUserOrg(rule, token, fetch))),
    );
    const grants = mergeGrants([...ofClaims.flatMap((read) => read(claims)), ...told.flat()]);
    const principal: Principal = Object.freeze({
      kind: 'user',
      id: `${config.name}:${subject}`,
      grants: Object.freeze(grants.map((grant) => Object.freeze(grant))),
      ...chosenProject(config.defaultProject, claims),
    });
    const { exp } = claims;
    const endsAt =
      typeof exp === 'number' ? (exp + config.clockTolerance) * 1000 : now() + unsaidLifeMs;
    const fresh = [freshMs, ...directories.map(({ rule }) => rule.cache * 1000)];
    return { principal, issuer: config.name, endsAt, freshMs: Math.min(...fresh) };
  };
}

async function loadKeys(
  metadata: IssuerMetadata,
  place: string | undefined,
  fetch: Fetch,
  timeoutMs: number,
): Promise<JSONWebKeySet> {
  if (place === undefined) throw new Error('the issuer names no jwks_uri');
  try {
    const answer = await fetch(place, { headers: { accept: 'application/json' } }, timeoutMs);
    if (!answer.ok) throw new Error(`jwks_uri answered ${answer.status}`);
    return (await answer.json()) as JSONWebKeySet;
  } catch (error) {
    // It may have moved.
    metadata.forget();
    throw error;
  }
}
