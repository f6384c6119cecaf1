import { type LocalConfig, local } from '../src/config/local.ts';

/** A local cluster in this directory, as clusters.yaml would give it. Durations are in milliseconds. */
export function localConfig(directory: string, change: Partial<LocalConfig> = {}): LocalConfig {
  return { name: 'here', ...local.parse({ kind: 'local', directory }), ...change };
}
