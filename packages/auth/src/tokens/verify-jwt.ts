import { isAppError } from '@wakefield/domain';
import { errors, jwtVerify } from 'jose';
import type { IssuerConfig } from '../config/load-auth-file.ts';
import type { Claims } from '../grants/claim-at.ts';
import { type Rejection, rejected } from '../refusals.ts';
import type { KeySet } from './key-set.ts';

/** `typ` of a header that access tokens have (RFC 9068 §2.1, RFC 7519 §5.1); others are logout tokens and the like. */
const headerTypes = /^((application\/)?at\+jwt|jwt)$/i;

/** Only access tokens say so of themselves. */
const accessType = /^(application\/)?at\+jwt$/i;

export interface Signed {
  readonly claims: Claims;
  /** Whether the header says that it is an access token. */
  readonly isMarked: boolean;
}

/**
 * Claims of a token that this issuer has signed, and whose time it is.
 * @throws AppError `invalid_api_key`, `issuer_unavailable`
 */
export async function verifyJwt(
  token: string,
  issuer: Pick<IssuerConfig, 'issuer' | 'algorithms' | 'clockTolerance'>,
  keys: KeySet,
  nowMs: number,
): Promise<Signed> {
  try {
    const { payload, protectedHeader } = await jwtVerify(token, keys, {
      issuer: issuer.issuer,
      algorithms: issuer.algorithms,
      clockTolerance: issuer.clockTolerance,
      currentDate: new Date(nowMs),
      requiredClaims: ['exp', 'sub'],
    });
    const { typ } = protectedHeader;
    if (typ !== undefined && !headerTypes.test(typ)) throw rejected('audience');
    return { claims: payload, isMarked: typ !== undefined && accessType.test(typ) };
  } catch (error) {
    if (isAppError(error)) throw error;
    throw rejected(reasonOf(error));
  }
}

function reasonOf(error: unknown): Rejection {
  if (error instanceof errors.JWTExpired) return 'expired';
  if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'nbf') return 'early';
  return 'invalid';
}
