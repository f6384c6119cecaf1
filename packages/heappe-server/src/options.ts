import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Settings } from './settings.ts';
import { heappeVersions, versionFrom } from './versions.ts';
import { defaultSeed } from './world/seed.ts';

/** Settings that may be left out; `version` as people say it: `6.1`, `6.2.2`, `6.3`. */
export interface HeappeServerOptions extends Partial<Omit<Settings, 'version'>> {
  readonly version?: string;
}

const newest = heappeVersions[heappeVersions.length - 1] ?? '6.3.2';

/** HEAppE's own defaults, except that the poll comes twice a second and not twice a minute. */
export function completeSettings(options: HeappeServerOptions): {
  readonly settings: Settings;
  readonly temporary: boolean;
} {
  const temporary = options.dataDirectory === undefined;
  const dataDirectory = options.dataDirectory ?? mkdtempSync(join(tmpdir(), 'wf-heappe-'));
  if (/[^A-Za-z0-9_\-/.~]/.test(dataDirectory)) {
    throw new Error(`HEAppE allows no such characters in storage paths: ${dataDirectory}`);
  }
  const settings: Settings = {
    host: '127.0.0.1',
    port: 0,
    controlPort: 0,
    sftpPort: 0,
    instanceIdentifier: 'wakefield-test',
    seed: defaultSeed,
    scheduler: {
      kind: 'processes',
      nodes: ['cn01', 'cn02', 'cn03', 'cn04'].map((name) => ({ name, gpus: 4 })),
      killWaitSeconds: 2,
    },
    pollMs: 500,
    sessionSeconds: 900,
    sharedAccountsPool: true,
    bearer: null,
    nodeTimeoutMs: 10_000,
    ...options,
    dataDirectory,
    version: versionFrom(options.version ?? newest),
  };
  return { settings, temporary };
}
