import { availableParallelism, totalmem } from 'node:os';
import type { ClusterBounds } from '@wakefield/domain';
import { boundsOfLimits } from '../config/limits-of.ts';
import type { LocalConfig } from '../config/local.ts';

/** This machine is the one node, whose jobs share it: one may have all of it. GPUs that are not counted have no bound. */
export function boundsOfMachine(config: LocalConfig): ClusterBounds {
  const own = boundsOfLimits(config);
  const counted = config.gpus === 0 ? {} : { gpus: Math.min(config.gpus, own.gpus ?? config.gpus) };
  return { nodes: 1, cpus: availableParallelism(), memoryBytes: totalmem(), ...own, ...counted };
}
