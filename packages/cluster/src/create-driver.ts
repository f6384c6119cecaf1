import type { ClusterDriver } from '@wakefield/control';
import type { ClusterConfig } from './config/load-clusters.ts';
import type { DriverDeps } from './driver-deps.ts';
import { createHeappeDriver } from './heappe/driver.ts';
import { createLocalDriver } from './local/driver.ts';
import { createSlurmSshDriver } from './slurm-ssh/driver.ts';

/** The driver for a cluster of the configuration. Nothing is connected to before its first call. */
export function createDriver(config: ClusterConfig, deps: DriverDeps): ClusterDriver {
  switch (config.kind) {
    case 'slurm-ssh':
      return createSlurmSshDriver(config, deps);
    case 'heappe':
      return createHeappeDriver(config, deps);
    case 'local':
      return createLocalDriver(config, deps);
  }
}
