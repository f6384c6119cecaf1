import { ClusterError } from '@wakefield/control';
import { abortable } from '../../ssh/connection.ts';
import type { Tunnel } from '../api/transfers.ts';
import type { HeappeClient } from '../client.ts';
import { HeappeError } from '../failures.ts';
import type { NodePort } from './address.ts';
import { askTunnel } from './ask-tunnel.ts';

/** HEAppE opens an ssh connection for it first, with several tries. */
const openMs = 60_000;
/** Closed by HEAppE when its task is over; what we know of it is not kept for longer than this. */
const forgottenAfterMs = 3_600_000;

/** A tunnel of HEAppE's as we know it. */
export interface Way {
  readonly to: NodePort;
  /** Of the clock that never goes back. */
  readonly askedAt: number;
}

interface Entry extends Way {
  readonly opened: Promise<Tunnel>;
  usedAt: number;
}

/**
 * HEAppE keeps one tunnel for each task and user, in memory (BusinessLogicTier/Logic/DataTransfer/DataTransferLogic.cs).
 * Other processes of ours use the same ones: they are never closed for being unused, only when they lead nowhere.
 */
export interface Tunnels {
  /**
   * Resolves when there is a tunnel to there: asks for it once, however many wait.
   * @throws ClusterError when HEAppE gives none
   */
  ensure(to: NodePort, signal: AbortSignal): Promise<Way>;
  /**
   * It has failed: whoever comes next asks for it again.
   * @param stale it leads nowhere, so HEAppE has to be told to close it first
   */
  failed(way: Way, stale: boolean): void;
}

export function createTunnels(
  client: Pick<HeappeClient, 'features' | 'transfers'>,
  elapsed: () => number,
): Tunnels {
  const entries = new Map<number, Entry>();
  /** Tasks whose tunnel leads nowhere, and since when that is known. */
  const stale = new Map<number, number>();

  function open(to: NodePort): Entry {
    const signal = AbortSignal.timeout(openMs);
    const opened = stale.has(to.taskId) ? renew(client, to, signal) : request(client, to, signal);
    const askedAt = elapsed();
    const entry: Entry = { to, opened, askedAt, usedAt: askedAt };
    entries.set(to.taskId, entry);
    opened.then(
      () => {
        if (entries.get(to.taskId) === entry) stale.delete(to.taskId);
      },
      () => {
        if (entries.get(to.taskId) === entry) entries.delete(to.taskId);
      },
    );
    return entry;
  }

  function sweep(): void {
    const oldest = elapsed() - forgottenAfterMs;
    for (const [taskId, { usedAt }] of entries) {
      if (usedAt >= oldest) continue;
      entries.delete(taskId);
    }
    for (const [taskId, at] of stale) if (at < oldest) stale.delete(taskId);
  }

  return {
    async ensure(to, signal) {
      let entry = entries.get(to.taskId);
      if (entry === undefined || !isSamePort(entry.to, to)) {
        sweep();
        entry = open(to);
      }
      entry.usedAt = elapsed();
      signal.throwIfAborted();
      await abortable(entry.opened, signal);
      return entry;
    },
    failed(way, isStale) {
      // Somebody else has seen it, too, and has a new one.
      if (entries.get(way.to.taskId) !== way) return;
      entries.delete(way.to.taskId);
      if (isStale) stale.set(way.to.taskId, elapsed());
    },
  };
}

type Client = Pick<HeappeClient, 'features' | 'transfers'>;

/**
 * What there is leads nowhere, unless another process was faster. Closing it ends the streams of all who use it, so it
 * has to be known: an engine that has no time to answer, or a HEAppE that has none, says nothing against a tunnel.
 */
async function renew(client: Client, to: NodePort, signal: AbortSignal): Promise<Tunnel> {
  const there = await request(client, to, signal);
  const state = await askTunnel(client, to, signal);
  const cannotTell = (await client.features(signal)).stream === 'none';
  const useless = state === 'stale' || state === 'gone' || (state === 'unknown' && cannotTell);
  if (!useless) return there;
  if (state !== 'gone') await close(client, there, signal);
  const tunnel = await request(client, to, signal);
  if ((await askTunnel(client, to, signal)) !== 'stale') return tunnel;
  throw new ClusterError('unreachable', `${nameOf(to)}: HEAppE's tunnel leads nowhere`);
}

/** A tunnel of the task to another node or port is in the way of ours: a job that was requeued, for one. */
async function request(client: Client, to: NodePort, signal: AbortSignal): Promise<Tunnel> {
  const first = await requestOnce(client, to, signal);
  if (leadsTo(first, to)) return first;
  await close(client, first, signal);
  const second = await requestOnce(client, to, signal);
  if (leadsTo(second, to)) return second;
  throw new ClusterError(
    'unreachable',
    `${nameOf(to)}: HEAppE's tunnel goes to ${second.NodeIPAddress}:${second.NodePort}`,
  );
}

async function requestOnce(
  { transfers }: Client,
  to: NodePort,
  signal: AbortSignal,
): Promise<Tunnel> {
  try {
    return await transfers.requestTunnel(to, signal);
  } catch (error) {
    if (!isThere(error)) throw error;
    // Up to 6.2.1 its port inside of HEAppE is not told again, and not needed for closing it.
    return { SubmittedTaskId: to.taskId, Port: 0, NodeIPAddress: to.node, NodePort: to.port };
  }
}

/** Whatever comes of it: asking again shows. */
async function close({ transfers }: Client, tunnel: Tunnel, signal: AbortSignal): Promise<void> {
  await transfers.closeTunnel(tunnel, signal).catch(() => undefined);
}

/** UnableToCreateConnectionException_PortAlreadyInUse: 400, 500 in 5.0. */
function isThere(error: unknown): boolean {
  return error instanceof HeappeError && error.detail.includes('already has SSH tunnel');
}

function leadsTo({ NodeIPAddress, NodePort: port }: Tunnel, to: NodePort): boolean {
  return port === to.port && NodeIPAddress === to.node;
}

function isSamePort(a: NodePort, b: NodePort): boolean {
  return a.port === b.port && a.node === b.node;
}

function nameOf({ taskId, node, port }: NodePort): string {
  return `task ${taskId} at ${node}:${port}`;
}
