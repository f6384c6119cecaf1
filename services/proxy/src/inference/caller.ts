import type { Identified } from '@wakefield/auth';
import { isFromThisSite } from '@wakefield/contracts';
import type { ProxyPorts } from '../proxy.ts';
import type { ClientCall } from '../server/client-call.ts';
import { refusals } from './refusals.ts';

/** Who sends a request; a promise where that has to be looked up first. */
export type CallerOf = (client: Pick<ClientCall, 'method' | 'header'>) => Identified;

/**
 * By `Authorization` where there is one, whatever cookies come with it, else by the session of a browser. A session is
 * looked up every time: that is for people who try something out, not for the hot path.
 */
export function createCallerOf({
  identifier,
  browsers,
}: Pick<ProxyPorts, 'identifier' | 'browsers'>): CallerOf {
  return (client) => {
    const authorization = client.header('authorization');
    if (authorization !== undefined || browsers === null) {
      return identifier.identify(authorization);
    }
    const cookie = client.header('cookie');
    if (cookie === undefined) return identifier.identify(undefined);
    return browsers.identify(cookie).then((principal) => {
      if (principal !== null && !isFromHere(client)) throw refusals.ofAnotherSite();
      return principal;
    });
  };
}

function isFromHere(client: Pick<ClientCall, 'method' | 'header'>): boolean {
  return isFromThisSite(client.method, {
    host: client.header('host'),
    origin: client.header('origin'),
    'sec-fetch-site': client.header('sec-fetch-site'),
    'x-forwarded-host': client.header('x-forwarded-host'),
    upgrade: client.header('upgrade'),
  });
}
