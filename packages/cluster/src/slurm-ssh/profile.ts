import type { DirectoryProfile } from '@wakefield/control';
import type { SlurmSshConfig } from '../config/slurm-ssh.ts';

/** Where jobs live on the cluster and how their engines are started. */
export function launchProfile(config: SlurmSshConfig): DirectoryProfile {
  const { nodeAddress, recipes } = config;
  return {
    jobsDirectory: `${config.workingDirectory}/jobs`,
    bindHost: config.bindHost,
    advertise:
      typeof nodeAddress === 'string'
        ? { kind: nodeAddress }
        : { kind: 'fixed', host: nodeAddress.fixed },
    ports: config.ports,
    modelDirectory: config.modelDirectory,
    setup: Object.fromEntries(Object.entries(recipes).map(([name, { setup }]) => [name, setup])),
    environment: Object.fromEntries(
      Object.entries(recipes).map(([name, { environment }]) => [name, environment]),
    ),
  };
}
