import type { IssuerConfig } from '../config/load-auth-file.ts';
import type { Claims } from '../grants/claim-at.ts';
import { rejected } from '../refusals.ts';

/** Longest `sub` (OpenID Connect Core 1.0 §2). */
const longestSubject = 255;

/**
 * Whether the claims are those of an access token that is meant for us. Signature, issuer and time are somebody
 * else's to check.
 * @returns `sub`
 * @throws AppError `invalid_api_key`
 */
export function checkClaims(
  claims: Claims,
  { audiences, authorizedParties }: Pick<IssuerConfig, 'audiences' | 'authorizedParties'>,
): string {
  if (!isAccessToken(claims)) throw rejected('audience');
  // Proof of possession (RFC 7800, DPoP, mTLS): who sends it as a bearer token may have stolen it.
  if (claims.cnf !== undefined && claims.cnf !== null) throw rejected('bound');
  const { sub, aud } = claims;
  if (typeof sub !== 'string' || sub === '' || sub.length > longestSubject)
    throw rejected('invalid');
  const named = typeof aud === 'string' ? [aud] : Array.isArray(aud) ? aud : [];
  if (audiences !== undefined && !audiences.some((one) => named.includes(one)))
    throw rejected('audience');
  const party = claims.azp ?? claims.client_id;
  if (
    authorizedParties !== undefined &&
    (typeof party !== 'string' || !authorizedParties.includes(party))
  )
    throw rejected('audience');
  return sub;
}

/**
 * ID, refresh and logout tokens are signed with the same keys and may name us as their audience. Keycloak says in `typ`
 * what a token is; the hashes (OpenID Connect Core 1.0 §3.3.2.11) and `events` are in no access token.
 */
function isAccessToken(claims: Claims): boolean {
  const { typ } = claims;
  if (typeof typ === 'string' && !/^(bearer|(application\/)?at\+jwt)$/i.test(typ)) return false;
  return ['at_hash', 'c_hash', 's_hash', 'events'].every((name) => claims[name] === undefined);
}
