import { AppError, can } from '@wakefield/domain';
import type { Request, RequestHandler, Response } from 'express';
import type { ApiDeps } from '../../deps.ts';
import { contextOf, setPrincipal } from '../../http/context.ts';
import { forbidden } from '../projects/access.ts';

export type OperatorDeps = Pick<ApiDeps, 'identifier' | 'clock'> &
  Pick<ApiDeps['operations'], 'login'>;

/**
 * Lets operators through: by bearer key, or by the cookie of a browser that has logged in with one. Browsers
 * without either are led to the login form, everybody else is told 401.
 */
export function requireOperator({ identifier, clock, login }: OperatorDeps): RequestHandler {
  return (req, res, next) => {
    const principal = identifier.identify(req.headers.authorization);
    if (principal !== null) {
      if (!can(principal, 'operate', null)) throw forbidden('operate', null);
      setPrincipal(res, principal);
      next();
      return;
    }
    const subject = login.verify(req.headers.cookie, clock.now());
    if (subject !== null) {
      contextOf(res).caller = subject;
      refuseOtherSites(req);
      next();
      return;
    }
    if (wantsPage(req)) {
      redirect(res, '/ops/login');
      return;
    }
    throw new AppError(
      'invalid_api_key',
      'A key is needed: send it as "Authorization: Bearer <key>", or log in at /ops/login.',
    );
  };
}

/**
 * A cookie speaks for its browser; a page of another site may not speak through it. Browsers tell where a request
 * comes from by Fetch Metadata (W3C), but not over plain HTTP; by `Origin` they always do when it changes something.
 */
export function refuseOtherSites(req: Request): void {
  if (req.method === 'GET' || req.method === 'HEAD') return;
  const site = req.headers['sec-fetch-site'];
  const ours = site === undefined ? fromThisHost(req) : site === 'same-origin' || site === 'none';
  if (!ours) throw new AppError('forbidden', 'This may only be asked from a page of this site.');
}

/**
 * Behind a balancer that renames the host, the name that the browser used comes as `X-Forwarded-Host`; the proxy
 * lets nobody else say that.
 */
function fromThisHost({ headers }: Request): boolean {
  const { origin, host, 'x-forwarded-host': forwarded } = headers;
  if (origin === undefined) return true;
  const asked = URL.canParse(origin) ? new URL(origin).host : null;
  return asked !== null && (asked === host || asked === forwarded);
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
