import { join } from 'node:path';
import type { DirectoryProfile } from '@wakefield/control';
import type { LocalConfig } from '../config/local.ts';

const anyAddress: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/** How jobs are launched on this machine. */
export function launchProfile(config: LocalConfig): DirectoryProfile {
  const recipes = Object.entries(config.recipes);
  return {
    jobsDirectory: join(config.directory, 'jobs'),
    bindHost: config.bindHost,
    advertise: {
      kind: 'fixed',
      host: anyAddress.has(config.bindHost) ? '127.0.0.1' : config.bindHost,
    },
    ports: config.ports,
    modelDirectory: config.modelDirectory,
    setup: Object.fromEntries(recipes.map(([name, { setup }]) => [name, setup])),
    environment: Object.fromEntries(recipes.map(([name, { environment }]) => [name, environment])),
  };
}
