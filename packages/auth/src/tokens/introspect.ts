import { hash } from 'node:crypto';
import { isAppError } from '@wakefield/domain';
import { tokenIntrospection } from 'openid-client';
import type { OwnClient } from '../config/load-auth-file.ts';
import type { Claims } from '../grants/claim-at.ts';
import { rejected, unavailable } from '../refusals.ts';
import type { IssuerMetadata } from './issuer-metadata.ts';

/** What an issuer did not know is not asked again for so long. */
const deniedMs = 10_000;
const mostDenied = 10_000;
/** Questions under way at an issuer: made-up tokens must not become a flood there. */
const mostAsking = 32;

export interface IntrospectorOptions {
  readonly client: OwnClient;
  readonly issuer: string;
  readonly metadata: IssuerMetadata;
  readonly now: () => number;
}

/**
 * Asks the issuer what a token is (RFC 7662).
 * @returns its claims
 * @throws AppError `invalid_api_key` for one that is not active, `issuer_unavailable`
 */
export type Introspector = (token: string) => Promise<Claims>;

export function createIntrospector(options: IntrospectorOptions): Introspector {
  const { client, metadata, now } = options;
  const denied = new Map<string, number>();
  let asking = 0;

  const ask = async (token: string): Promise<Claims> => {
    if (asking >= mostAsking) throw unavailable(new Error('too many questions under way'));
    asking += 1;
    try {
      const configuration = await metadata.configurationOf(client);
      // Told what it is, some issuers find it faster; they look elsewhere all the same (§2.1).
      const hint = { token_type_hint: 'access_token' };
      return await tokenIntrospection(configuration, token, hint);
    } catch (error) {
      throw isAppError(error) ? error : unavailable(error);
    } finally {
      asking -= 1;
    }
  };

  return async (token) => {
    const key = hash('sha256', token, 'base64');
    if ((denied.get(key) ?? 0) > now()) throw rejected('inactive');
    const claims = await ask(token);
    if (claims.active === true) return checkedTime(claims, options.issuer, now());
    if (denied.size >= mostDenied) denied.clear();
    denied.set(key, now() + deniedMs);
    throw rejected('inactive');
  };
}

function checkedTime(claims: Claims, issuer: string, nowMs: number): Claims {
  const { iss, exp } = claims;
  if (iss !== undefined && iss !== issuer) throw rejected('unknown_issuer');
  if (typeof exp === 'number' && exp * 1000 <= nowMs) throw rejected('expired');
  return claims;
}
