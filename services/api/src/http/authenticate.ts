import type { Identifier } from '@wakefield/auth';
import { AppError, phrases } from '@wakefield/domain';
import type { RequestHandler } from 'express';
import { setPrincipal } from './context.ts';

/** Lets through who is known, and remembers who it is. */
export function authenticate(identifier: Identifier): RequestHandler {
  return (req, res, next) => {
    const principal = identifier.identify(req.headers.authorization);
    if (principal === null) {
      const message =
        req.headers.authorization === undefined ? phrases.keyMissing : phrases.keyInvalid;
      throw new AppError('invalid_api_key', message);
    }
    setPrincipal(res, principal);
    next();
  };
}
