import type { IncomingMessage } from 'node:http';
import type { Identified } from '@wakefield/auth';
import { isFromThisSite } from '@wakefield/contracts';
import type { ProxyPorts } from '../proxy.ts';
import { refusals } from './refusals.ts';

/** Who sends a request; a promise where that has to be looked up first. */
export type CallerOf = (request: Pick<IncomingMessage, 'method' | 'headers'>) => Identified;

/**
 * By `Authorization` where there is one, whatever cookies come with it, else by the session of a browser. A session is
 * looked up every time: that is for people who try something out, not for the hot path.
 */
export function createCallerOf({
  identifier,
  browsers,
}: Pick<ProxyPorts, 'identifier' | 'browsers'>): CallerOf {
  return ({ method, headers }) => {
    const { authorization, cookie } = headers;
    if (authorization !== undefined || browsers === null || cookie === undefined) {
      return identifier.identify(authorization);
    }
    return browsers.identify(cookie).then((principal) => {
      if (principal !== null && !isFromThisSite(method, headers)) throw refusals.ofAnotherSite();
      return principal;
    });
  };
}
