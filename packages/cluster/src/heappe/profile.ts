import type { LaunchProfile } from '@wakefield/control';
import type { HeappeConfig } from '../config/heappe.ts';

/** How engines are started there. Jobs begin in directories of HEAppE's, whose names nobody knows before. */
export function launchProfile(config: HeappeConfig): LaunchProfile {
  const { nodeAddress, recipes } = config;
  return {
    jobsDirectory: null,
    bindHost: config.bindHost,
    advertise: advertised(nodeAddress),
    ports: config.ports,
    modelDirectory: config.modelDirectory,
    setup: Object.fromEntries(Object.entries(recipes).map(([name, { setup }]) => [name, setup])),
    environment: Object.fromEntries(
      Object.entries(recipes).map(([name, { environment }]) => [name, environment]),
    ),
  };
}

/** HEAppE's name of the node replaces what the job says (sighting.ts). */
function advertised(nodeAddress: HeappeConfig['nodeAddress']): LaunchProfile['advertise'] {
  if (nodeAddress === 'heappe') return { kind: 'hostname' };
  return typeof nodeAddress === 'string'
    ? { kind: nodeAddress }
    : { kind: 'fixed', host: nodeAddress.fixed };
}
