import type { IssuerConfig } from '../config/load-auth-file.ts';
import type { Claims } from '../grants/claim-at.ts';
import { rejected } from '../refusals.ts';

/** Longest `sub` (OpenID Connect Core 1.0 §2). */
const longestSubject = 255;

/**
 * Whether the claims are those of an access token that is meant for us. Signature, issuer and time are somebody
 * else's to check.
 * @param isMarked whether something beside the claims says that it is an access token
 * @returns `sub`
 * @throws AppError `invalid_api_key`
 */
export function checkClaims(
  claims: Claims,
  { audiences, authorizedParties }: Pick<IssuerConfig, 'audiences' | 'authorizedParties'>,
  isMarked: boolean,
): string {
  if (!isAccessToken(claims, isMarked)) throw rejected('audience');
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

/** What Keycloak writes into `typ` of an access token, and others of RFC 9068. */
const bearerType = /^(bearer|(application\/)?at\+jwt)$/i;

/**
 * ID, refresh and logout tokens are signed with the same keys and may name us as their audience. Keycloak says in `typ`
 * what a token is, Ory Hydra and Amazon Cognito in `token_use`; the hashes (OpenID Connect Core 1.0 §3.3.2.11) and `events`
 * are in no access token, `nonce` in none but Keycloak's. An ID token without any of these cannot be told.
 */
function isAccessToken(claims: Claims, isMarked: boolean): boolean {
  const { typ, token_use: use, nonce } = claims;
  if (typeof typ === 'string' && !bearerType.test(typ)) return false;
  if (use !== undefined && use !== 'access_token' && use !== 'access') return false;
  if (nonce !== undefined && !isMarked && typeof typ !== 'string') return false;
  return ['at_hash', 'c_hash', 's_hash', 'events'].every((name) => claims[name] === undefined);
}

/**
 * Whether the answer of an introspection says that it is about an access token. Issuers answer about refresh tokens, too
 * (RFC 7662 §2.1), and what is kept back of those differs: oidc-provider leaves out `token_type`, Hydra adds `token_use`.
 */
export function saysAccessToken({ typ, token_type: type, token_use: use }: Claims): boolean {
  if (typeof type === 'string') return /^(bearer|access_token)$/i.test(type);
  return use === 'access_token' || (typeof typ === 'string' && bearerType.test(typ));
}
