import { hash } from 'node:crypto';
import { isAppError } from '@wakefield/domain';
import { LRUCache } from 'lru-cache';
import { tokenIntrospection } from 'openid-client';
import type { OwnClient } from '../config/load-auth-file.ts';
import type { Claims } from '../grants/claim-at.ts';
import { rejected, unavailable } from '../refusals.ts';
import type { Watched } from '../trouble.ts';
import { createGate } from './gate.ts';
import type { IssuerMetadata } from './issuer-metadata.ts';

/** What an issuer did not know is not asked again for so long. */
const deniedMs = 10_000;
const mostDenied = 10_000;

export interface IntrospectorOptions {
  readonly client: OwnClient;
  readonly issuer: string;
  readonly metadata: IssuerMetadata;
  readonly watched: Watched;
  readonly now: () => number;
}

/**
 * Asks the issuer what a token is (RFC 7662).
 * @param isGenuine whether it is known to be a token of this issuer, by its signature or because the issuer said so
 *   before. Anybody can make up others: they have places of their own, and take none from these
 * @returns its claims
 * @throws AppError `invalid_api_key` for one that is not active, `issuer_unavailable`, `overloaded`
 */
export type Introspector = (token: string, isGenuine: boolean) => Promise<Claims>;

export function createIntrospector(options: IntrospectorOptions): Introspector {
  const { client, metadata, watched, now } = options;
  const denied = new LRUCache<string, true>({
    max: mostDenied,
    ttl: deniedMs,
    perf: { now },
    ttlResolution: 0,
  });
  // Made-up tokens must not become a flood at the issuer.
  const gates = { genuine: createGate(64, 512), strange: createGate(32, 128) };

  const ask = async (token: string): Promise<Claims> => {
    try {
      const configuration = await metadata.configurationOf(client);
      // Told what it is, some issuers find it faster; they look elsewhere all the same (§2.1).
      const hint = { token_type_hint: 'access_token' };
      return await watched(() => tokenIntrospection(configuration, token, hint));
    } catch (error) {
      metadata.doubt(error);
      throw isAppError(error) ? error : unavailable(error);
    }
  };

  return async (token, isGenuine) => {
    const key = hash('sha256', token, 'base64');
    if (denied.has(key)) throw rejected('inactive');
    const gate = isGenuine ? gates.genuine : gates.strange;
    const claims = await gate(() => ask(token));
    if (claims.active === true) return checkedTime(claims, options.issuer, now());
    denied.set(key, true);
    throw rejected('inactive');
  };
}

function checkedTime(claims: Claims, issuer: string, nowMs: number): Claims {
  const { iss, exp } = claims;
  if (iss !== undefined && iss !== issuer) throw rejected('unknown_issuer');
  if (typeof exp === 'number' && exp * 1000 <= nowMs) throw rejected('expired');
  return claims;
}
