import type { AppError, Principal } from '@wakefield/domain';
import type { Response } from 'express';

/** What every handler knows of the request at hand. */
export interface RequestContext {
  readonly requestId: string;
  /** W3C trace id; goes into the command row, so that one wake is one trace. */
  readonly traceId: string;
  /** Operation id of the matched endpoint, for metrics: bounded in number. */
  route: string;
  /** null until authenticated, and where a browser came in by its cookie. */
  principal: Principal | null;
  /** Id of who calls, for the log. */
  caller: string | null;
  /** Why it was refused or failed; logged with the request. */
  failure: AppError | null;
}

export function setContext(res: Response, context: RequestContext): void {
  res.locals.context = context;
}

/** @throws when the request did not pass `identifyRequest`, which is a mistake in app.ts */
export function contextOf(res: Response): RequestContext {
  const { context } = res.locals as { context?: RequestContext };
  if (context === undefined) throw new Error('the request has no context');
  return context;
}

/** The caller, behind authentication. */
export function principalOf(res: Response): Principal {
  const { principal } = contextOf(res);
  if (principal === null) throw new Error('the route is not behind authentication');
  return principal;
}

/** Remembers who calls. */
export function setPrincipal(res: Response, principal: Principal): void {
  const context = contextOf(res);
  context.principal = principal;
  context.caller = principal.id;
}
