import type { HeappeClient } from '../client.ts';
import { HeappeError } from '../failures.ts';
import type { Features } from '../features.ts';
import type { NodePort } from './address.ts';
import type { Asked } from './asked.ts';
import { NodeTrouble, NoTunnel, troubleOfCall } from './node-trouble.ts';
import { createPatience, type Pauses } from './patience.ts';
import { isOfTunnel, type Repair, repairOf } from './trouble.ts';
import type { Tunnels, Way } from './tunnels.ts';

/** What the bridge works with. */
export interface BridgeParts {
  readonly client: Pick<HeappeClient, 'features' | 'transfers' | 'identity' | 'signOut'>;
  readonly tunnels: Tunnels;
  /** A clock that only goes forward, in milliseconds. */
  readonly elapsed: () => number;
  /** Before a request is sent again that HEAppE did not pass on. */
  readonly pauses: Pauses;
}

/**
 * Asks a node with a tunnel there. When it turns out that there was none, that it leads nowhere, or that there is no
 * session, it is asked again with a new one, once for each: no engine has seen the request then. Another process may
 * close the tunnel that it found dead while we have just asked for a new one. HEAppE that wants fewer requests, or
 * fails in a way of its own, gets this one a little later: inference changes nothing, so asking again is safe.
 * @throws NodeTrouble
 */
export async function throughTunnel<T>(
  parts: BridgeParts,
  to: NodePort,
  signal: AbortSignal,
  ask: (way: Way) => Promise<T>,
): Promise<T> {
  const repaired = new Set<Repair>();
  const patience = createPatience(parts.pauses);
  for (;;) {
    const way = await ensure(parts.tunnels, to, signal);
    const identity = parts.client.identity();
    try {
      return await ask(way);
    } catch (error) {
      const trouble = troubleOfCall(error);
      if (!signal.aborted) learn(parts, way, trouble, identity);
      if (isPassing(trouble) && (await patience.wait(signal))) continue;
      const repair = repairOf(trouble.trouble);
      if (signal.aborted || repair === null || repaired.has(repair)) throw trouble;
      repaired.add(repair);
    }
  }
}

/** What may be over in a moment, and is none of the engine's doing. A mistake of ours would be there again. */
function isPassing({ trouble, cause }: NodeTrouble): boolean {
  return trouble === 'busy' || (trouble === 'failed' && cause instanceof HeappeError);
}

/** What its version can do. Nobody hears of a HEAppE that is gone only here: the tunnel counts as lost, too. */
export async function askFeatures(
  parts: BridgeParts,
  { to, signal }: Pick<Asked, 'to' | 'signal'>,
): Promise<Features> {
  return await throughTunnel(parts, to, signal, () => parts.client.features(signal));
}

/** Whoever comes next does not run into the same. What the client's leaving has ended says nothing. */
function learn(
  { client, tunnels }: BridgeParts,
  way: Way,
  { trouble }: NodeTrouble,
  identity: ReturnType<HeappeClient['identity']>,
): void {
  if (isOfTunnel(trouble)) tunnels.failed(way, trouble === 'stale');
  if (trouble === 'signed_out' && identity !== null) client.signOut(identity);
}

async function ensure(tunnels: Tunnels, to: NodePort, signal: AbortSignal): Promise<Way> {
  try {
    return await tunnels.ensure(to, signal);
  } catch (error) {
    const { message } = error instanceof Error ? error : new Error(String(error));
    throw new NodeTrouble('silent', message, null, new NoTunnel(message, { cause: error }));
  }
}
