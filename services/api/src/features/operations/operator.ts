import { isFromThisSite } from '@wakefield/contracts';
import { AppError, decideAccess } from '@wakefield/domain';
import type { Request, RequestHandler, Response } from 'express';
import type { ApiDeps } from '../../deps.ts';
import { callerOf, ofAnotherSite, unknownCaller } from '../../http/authenticate.ts';
import { refusalOf } from '../../http/authorize.ts';
import { contextOf, setPrincipal } from '../../http/context.ts';

export type OperatorDeps = Pick<ApiDeps, 'identifier' | 'browsers' | 'clock'> &
  Pick<ApiDeps['operations'], 'login'>;

/**
 * Lets operators through: by bearer key or token, by the session of a browser that has signed in, or by the cookie of
 * one that has logged in with the static key. Browsers without any are led to the login form, others are told 401.
 */
export function requireOperator(deps: OperatorDeps): RequestHandler {
  return async (req, res, next) => {
    if (hasLoggedIn(deps, req, res)) {
      refuseOtherSites(req);
      next();
      return;
    }
    const principal = await callerOf(deps, req);
    if (principal !== null) {
      setPrincipal(res, principal);
      const access = decideAccess(principal, 'queueDashboard', null);
      const refusal = refusalOf(access, 'queueDashboard', null);
      if (refusal !== null) throw refusal;
      next();
      return;
    }
    if (wantsPage(req)) {
      redirect(res, '/ops/login');
      return;
    }
    if (req.headers.authorization !== undefined) throw unknownCaller(req);
    throw new AppError(
      'invalid_api_key',
      'A key is needed: send it as "Authorization: Bearer <key>", or log in at /ops/login.',
    );
  };
}

function hasLoggedIn({ login, clock }: OperatorDeps, req: Request, res: Response): boolean {
  if (login === null || req.headers.authorization !== undefined) return false;
  const subject = login.verify(req.headers.cookie, clock.now());
  if (subject !== null) contextOf(res).caller = subject;
  return subject !== null;
}

/** @throws AppError `forbidden` */
export function refuseOtherSites({ method, headers }: Request): void {
  if (!isFromThisSite(method, headers)) throw ofAnotherSite();
}

/** 303: go there with GET, whatever this was. */
export function redirect(res: Response, path: string): void {
  res.status(303).location(path).end();
}

function wantsPage(req: Request): boolean {
  return (
    req.method === 'GET' &&
    req.headers.authorization === undefined &&
    req.accepts(['json', 'html']) === 'html'
  );
}
