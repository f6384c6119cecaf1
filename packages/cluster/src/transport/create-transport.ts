import type { Transport } from '@wakefield/control';
import type { ClusterName } from '@wakefield/domain';
import type { HeappeConfig } from '../config/heappe.ts';
import type { ClusterConfig } from '../config/load-clusters.ts';
import type { SlurmSshConfig } from '../config/slurm-ssh.ts';
import { createBridgeTransport } from '../heappe/bridge/bridge-transport.ts';
import { createHeappeClient, type HeappeClient } from '../heappe/client.ts';
import { createSshConnection, type SshConnection } from '../ssh/connection.ts';
import type { SshTarget } from '../ssh/target.ts';
import { createDirectTransport } from './direct-transport.ts';
import { createSshTransport } from './ssh-transport.ts';

/** For a connection of this machine's own, which either works at once or not at all. */
const LOCAL_CONNECT_MS = 5000;

export interface TransportDeps {
  readonly now?: () => number;
  readonly random?: () => number;
}

/** The way to the engines of one cluster, with a connection of its own where it needs one. */
export function createTransport(config: ClusterConfig, deps: TransportDeps = {}): Transport {
  switch (config.kind) {
    case 'local':
      return createDirectTransport({ connectTimeoutMs: LOCAL_CONNECT_MS });
    case 'heappe':
      return createHeappeTransport(config, null, deps);
    case 'slurm-ssh':
      return createSlurmTransport(config, null, deps);
  }
}

/**
 * A site may have another way to its engines than HEAppE.
 * @param shared the client that a driver has already; null: make one
 */
export function createHeappeTransport(
  config: HeappeConfig,
  shared: HeappeClient | null,
  deps: TransportDeps,
): Transport {
  const { transport, timeouts } = config;
  switch (transport.kind) {
    case 'direct':
      return createDirectTransport({ connectTimeoutMs: timeouts.connect });
    case 'jump':
      return jumpTransport(transport, timeouts.connect, deps);
    case 'heappe':
      return createBridgeTransport(shared ?? createHeappeClient(config), {
        ownsClient: shared === null,
      });
  }
}

function jumpTransport(
  target: SshTarget,
  connectTimeoutMs: number,
  deps: TransportDeps,
): Transport {
  const connection = ownConnection(target, connectTimeoutMs, deps);
  return createSshTransport(connection, { connectTimeoutMs, ownsConnection: true });
}

function ownConnection(target: SshTarget, connectTimeoutMs: number, deps: TransportDeps) {
  return createSshConnection(target, {
    connectTimeoutMs,
    now: deps.now ?? Date.now,
    random: deps.random ?? Math.random,
  });
}

/** One transport for each cluster, for a process that needs nothing else of them. */
export function createClusterTransports(
  clusters: readonly ClusterConfig[],
  deps: TransportDeps = {},
): ReadonlyMap<ClusterName, Transport> {
  return new Map(clusters.map((config) => [config.name, createTransport(config, deps)]));
}

/** @param shared the connection to the login node that a driver has already; null: make one */
export function createSlurmTransport(
  config: SlurmSshConfig,
  shared: SshConnection | null,
  deps: TransportDeps,
): Transport {
  const connectTimeoutMs = config.timeouts.connect;
  if (config.transport.kind === 'direct') return createDirectTransport({ connectTimeoutMs });
  if (config.transport.kind === 'jump')
    return jumpTransport(config.transport, connectTimeoutMs, deps);
  return createSshTransport(shared ?? ownConnection(config, connectTimeoutMs, deps), {
    connectTimeoutMs,
    ownsConnection: shared === null,
  });
}
