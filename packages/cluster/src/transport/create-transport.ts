import type { Transport } from '@wakefield/control';
import type { ClusterName } from '@wakefield/domain';
import type { ClusterConfig } from '../config/load-clusters.ts';
import type { SlurmSshConfig } from '../config/slurm-ssh.ts';
import { createSshConnection, type SshConnection } from '../ssh/connection.ts';
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
  if (config.kind === 'local') return createDirectTransport({ connectTimeoutMs: LOCAL_CONNECT_MS });
  return createSlurmTransport(config, null, deps);
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
  const own = (target: Parameters<typeof createSshConnection>[0]) =>
    createSshConnection(target, {
      connectTimeoutMs,
      now: deps.now ?? Date.now,
      random: deps.random ?? Math.random,
    });
  if (config.transport.kind === 'jump')
    return createSshTransport(own(config.transport), { connectTimeoutMs, ownsConnection: true });
  return createSshTransport(shared ?? own(config), {
    connectTimeoutMs,
    ownsConnection: shared === null,
  });
}
