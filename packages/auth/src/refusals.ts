import { AppError } from '@wakefield/domain';
import { plainError } from './plain-error.ts';

/** Why a token is not taken. What it says is ours alone: nothing of the token is repeated. */
const reasons = {
  invalid: 'The token is not valid.',
  expired: 'The token has expired. Get a new one from its issuer.',
  early: 'The token is not valid yet.',
  unknown_issuer: 'The token is of an issuer that this installation does not know.',
  audience: 'The token was not issued for this service.',
  inactive: 'The token is not valid any more. Get a new one from its issuer.',
  bound: 'The token is bound to a key of its client, and cannot be sent as a bearer token.',
} as const;

export type Rejection = keyof typeof reasons;

/** 401 with the reason, also in `WWW-Authenticate` (RFC 6750 §3.1). */
export function rejected(reason: Rejection): AppError {
  const words = reasons[reason];
  return new AppError('invalid_api_key', words, {
    challenge: `error="invalid_token", error_description="${words}"`,
  });
}

/** 503: whoever has to be asked does not answer, so nobody knows whether the token is good. */
export function unavailable(cause: unknown): AppError {
  const words = 'The issuer of this token cannot be reached to check it. Try again shortly.';
  return new AppError('issuer_unavailable', words, {
    cause: plainError(cause),
    retryAfterSeconds: 5,
  });
}

/** 503: it is we who do not ask, because too much is asked already. Says nothing of the issuer. */
export function tooMuchAsked(): AppError {
  const words = 'Too many tokens are being asked about at their issuer. Try again shortly.';
  return new AppError('overloaded', words, { retryAfterSeconds: 1 });
}
