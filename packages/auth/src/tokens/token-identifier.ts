import { hash } from 'node:crypto';
import { isAppError } from '@wakefield/domain';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { bearerToken } from '../bearer.ts';
import type { Identified, Identifier } from '../identifier.ts';
import { rejected } from '../refusals.ts';
import type { Issuer, IssuerDeps, Verdict } from './issuer.ts';
import { createTokenCache } from './token-cache.ts';

/** Longest token that is looked at; Keycloak's with hundreds of groups have about 8 KiB. */
const longestToken = 16_384;
/** Characters of a bearer token (RFC 6750 §2.1). */
const tokenCharacters = /^[A-Za-z0-9._~+/-]+=*$/;

/** Identifies callers by access tokens of the issuers that are known. */
export interface TokenIdentifier extends Identifier {
  /**
   * @param token as its issuer gave it out
   * @param from name of that issuer; null: nobody knows
   */
  ofToken(token: string, from: string | null): Identified;
}

export function createTokenIdentifier(
  issuers: readonly Issuer[],
  { now }: Pick<IssuerDeps, 'now'>,
): TokenIdentifier {
  const cache = createTokenCache({ now });
  const byName = new Map(issuers.map((issuer) => [issuer.config.issuer, issuer]));
  const opaque = issuers.flatMap(({ config: { name }, verifyOpaque }) =>
    verifyOpaque === null ? [] : [{ name, verifyOpaque }],
  );

  const verify = async (
    token: string,
    from: string | null,
    known: Verdict | null,
  ): Promise<Verdict> => {
    if (!isJwt(token)) {
      // Whose it is needs to be asked of nobody else, who could use it.
      const whose = known?.issuer ?? from;
      const asked = whose === null ? opaque : opaque.filter(({ name }) => name === whose);
      return await askInTurn(asked, token, known !== null);
    }
    // What it says of itself only chooses who has to have signed it.
    const issuer = byName.get(issuerOf(token) ?? '');
    if (issuer === undefined) throw rejected('unknown_issuer');
    return await issuer.verifyJwt(token);
  };
  const ofToken = (token: string, from: string | null): Identified => {
    if (token.length > longestToken || !tokenCharacters.test(token)) return null;
    // A word that no issuer could have given out is somebody's mistyped key.
    if (opaque.length === 0 && !token.includes('.')) return null;
    return cache.look(hash('sha256', token, 'base64'), (known) => verify(token, from, known));
  };
  return {
    ofToken,
    identify: (authorization) => {
      const token = bearerToken(authorization);
      return token === null ? null : ofToken(token, null);
    },
  };
}

/** Every issuer may be the one; that one of them could not be asked is told only where no other knows the token. */
async function askInTurn(
  asked: readonly { readonly verifyOpaque: NonNullable<Issuer['verifyOpaque']> }[],
  token: string,
  isKnown: boolean,
): Promise<Verdict> {
  let away: unknown = null;
  let refusal: unknown = rejected('invalid');
  for (const { verifyOpaque } of asked) {
    try {
      return await verifyOpaque(token, isKnown);
    } catch (error) {
      if (isAppError(error) && error.code !== 'invalid_api_key') away = error;
      else refusal = error;
    }
  }
  throw away ?? refusal;
}

/** Whether it is written as a signed JWT (RFC 7515 §7.1): then nobody is asked about it who did not sign it. */
function isJwt(token: string): boolean {
  try {
    decodeProtectedHeader(token);
    return token.split('.').length === 3;
  } catch {
    return false;
  }
}

function issuerOf(token: string): string | null {
  try {
    return decodeJwt(token).iss ?? null;
  } catch {
    return null;
  }
}
