import type { Identifier } from '@wakefield/auth';
import { isFromThisSite } from '@wakefield/contracts';
import { AppError, type Principal, phrases } from '@wakefield/domain';
import type { Request, RequestHandler } from 'express';
import type { ApiDeps } from '../deps.ts';
import { setPrincipal } from './context.ts';

export type CallerDeps = Pick<ApiDeps, 'browsers'> & { readonly identifier: Identifier };

/**
 * Who calls: by `Authorization` where there is one, whatever cookies come with it, else by the session of a browser.
 * @returns null when nobody is known
 * @throws AppError `forbidden` where a page of another site speaks through a session
 */
export async function callerOf(
  { identifier, browsers }: CallerDeps,
  { method, headers }: Request,
): Promise<Principal | null> {
  if (headers.authorization !== undefined || browsers === null) {
    return await identifier.identify(headers.authorization);
  }
  const principal = await browsers.identify(headers.cookie);
  if (principal !== null && !isFromThisSite(method, headers)) throw ofAnotherSite();
  return principal;
}

export function ofAnotherSite(): AppError {
  return new AppError('forbidden', 'This may only be asked from a page of this site.');
}

/** Nobody is known: who sent something hears that it is not good. */
export function unknownCaller({ headers }: Request): AppError {
  if (headers.authorization === undefined) {
    return new AppError('invalid_api_key', phrases.keyMissing);
  }
  return new AppError('invalid_api_key', phrases.keyInvalid, {
    challenge: 'error="invalid_token"',
  });
}

/** Lets through who is known, and remembers who it is. */
export function authenticate(deps: CallerDeps): RequestHandler {
  return async (req, res, next) => {
    const principal = await callerOf(deps, req);
    if (principal === null) throw unknownCaller(req);
    setPrincipal(res, principal);
    next();
  };
}
