import { setTimeout as pause } from 'node:timers/promises';
import type { HeappeClient } from '../client.ts';
import type { Features } from '../features.ts';
import type { NodePort } from './address.ts';
import type { Asked } from './asked.ts';
import { NodeTrouble, troubleOfCall } from './node-trouble.ts';
import { isOfTunnel, type Repair, repairOf } from './trouble.ts';
import type { Tunnels, Way } from './tunnels.ts';

/** What the bridge works with. */
export interface BridgeParts {
  readonly client: Pick<HeappeClient, 'features' | 'transfers' | 'identity' | 'signOut'>;
  readonly tunnels: Tunnels;
  /** A clock that only goes forward, in milliseconds. */
  readonly elapsed: () => number;
}

/**
 * Asks a node with a tunnel there. When it turns out that there was none, that it leads nowhere, or that there is no
 * session, it is asked again with a new one, once for each: no engine has seen the request then. Another process may
 * close the tunnel that it found dead while we have just asked for a new one. HEAppE that wants fewer requests gets
 * this one a little later.
 * @throws NodeTrouble
 */
export async function throughTunnel<T>(
  parts: BridgeParts,
  to: NodePort,
  signal: AbortSignal,
  ask: (way: Way) => Promise<T>,
): Promise<T> {
  const repaired = new Set<Repair>();
  const patience = createPatience();
  for (;;) {
    const way = await ensure(parts.tunnels, to, signal);
    const identity = parts.client.identity();
    try {
      return await ask(way);
    } catch (error) {
      const trouble = troubleOfCall(error);
      if (!signal.aborted) learn(parts, way, trouble, identity);
      if (trouble.trouble === 'busy' && (await patience.wait(signal))) continue;
      const repair = repairOf(trouble.trouble);
      if (signal.aborted || repair === null || repaired.has(repair)) throw trouble;
      repaired.add(repair);
    }
  }
}

const firstPauseMs = 500;
const longestPauseMs = 8000;

/** Pauses that double, some 15 s in all. */
function createPatience() {
  let ms = firstPauseMs;
  return {
    /** false: it has waited long enough, or nobody waits any more */
    async wait(signal: AbortSignal): Promise<boolean> {
      if (ms > longestPauseMs || signal.aborted) return false;
      await pause(ms, undefined, { signal }).catch(() => undefined);
      ms *= 2;
      return !signal.aborted;
    },
  };
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
    throw new NodeTrouble('silent', message, null, error);
  }
}
