import type { HeappeClient } from '../client.ts';
import type { NodePort } from './address.ts';
import { troubleOfCall } from './node-trouble.ts';
import { openStream } from './open-stream.ts';

/**
 * How a tunnel is.
 * - `leads`   a server answers at its end, whatever it says
 * - `open`    nobody answers at its end
 * - `stale`   it leads nowhere
 * - `gone`    HEAppE has none
 * - `unknown` this version has no way to tell, or it failed otherwise
 */
export type TunnelState = 'leads' | 'open' | 'stale' | 'gone' | 'unknown';

const patienceMs = 5000;

/**
 * Asks the engine something that changes nothing by the one call that tells why it fails. All others say the same of
 * an engine that is not there, one that answers without words, and a tunnel that leads nowhere.
 */
export async function askTunnel(
  client: Pick<HeappeClient, 'features' | 'transfers'>,
  to: NodePort,
  signal: AbortSignal,
): Promise<TunnelState> {
  if ((await client.features(signal)).stream === 'none') return 'unknown';
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
  const headers = [{ Name: 'Content-Type', Value: 'application/json' }];
  const request = { ...to, path: '/health', headers, payload: '{}' };
  try {
    (await openStream(client, request, bounded)).destroy();
    return 'leads';
  } catch (error) {
    return states[troubleOfCall(error).trouble] ?? 'unknown';
  }
}

const states: Readonly<Partial<Record<string, TunnelState>>> = {
  node_error: 'leads',
  engine_gone: 'open',
  stale: 'stale',
  no_tunnel: 'gone',
};
