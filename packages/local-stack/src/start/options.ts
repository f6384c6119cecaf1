import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import {
  type CallersPlace,
  clustersFilePath,
  dataDirectory,
} from '@wakefield/cluster/clusters-file';
import { SetupError } from '../setup-error.ts';
import { type Instances, parseInstances } from './instances.ts';
import { refuseFlagsKeptByNpm } from './npm-flags.ts';

/** What `npm start` was asked for. */
export interface StartOptions {
  readonly host: string;
  readonly port: number;
  /** Absolute. */
  readonly dataDirectory: string;
  /** The clusters.yaml to use, absolute; null: the one in the data directory, written at the first start. */
  readonly clustersFile: string | null;
  /** Folders with recipes of the user's own, absolute, separated by commas; null: none. */
  readonly recipes: string | null;
  /** auth.yaml: who may come in beside the static key; absolute. null: nobody. */
  readonly authFile: string | null;
  /** limits.yaml: who may ask for how much; absolute. null: nobody is limited. */
  readonly limitsFile: string | null;
  /** Part of job names; null: the one kept in the data directory. */
  readonly installation: string | null;
  /** null: the one kept in the data directory. */
  readonly localKey: string | null;
  /** null: a private server. */
  readonly databaseUrl: string | null;
  readonly redisUrl: string | null;
  readonly slurm: boolean;
  readonly heappe: boolean;
  /** Which release the HEAppE is like, as in `6.1`; null: the newest. */
  readonly heappeVersion: string | null;
  readonly instances: Instances;
  readonly help: boolean;
}

export const helpText = `npm start [-- --slurm --heappe --api N --scheduler N --proxy N]

Sets up and runs everything on this machine: Postgres, Redis, proxy, api, scheduler and a cluster "local" whose
jobs are processes of this machine.

  --slurm        boot a private SLURM as well and use it as cluster "slurm-dev"
  --heappe       boot a HEAppE for tests and use it as cluster "heappe-dev"; its jobs are processes, too, or those of
                 the private SLURM where there is one
  --heappe-version V  the same, as release V: 5.0, 6.0, 6.1, 6.2.0, 6.2.2, 6.2.9 or 6.3 (6.3)
  --api N        run so many of it, 1 to 16 (1)
  --scheduler N  the same
  --proxy N      the same; they share the one public URL
  --help         this text

Environment
  PORT                port of the public URL (8080)
  HOST                address it listens on (127.0.0.1); of a name, the first of its addresses
  WAKEFIELD_DATA      directory for everything that is kept (.wakefield)
  WAKEFIELD_CLUSTERS  the clusters.yaml to use (the one in the data directory)
  WAKEFIELD_RECIPES   folders with recipes of your own, separated by commas
  WAKEFIELD_AUTH      auth.yaml: who may come in beside the static key (docs/auth.md)
  WAKEFIELD_LIMITS    limits.yaml: who may ask for how much (docs/limits.md)
  WAKEFIELD_INSTALLATION  a name that tells this one's jobs from those of others (docs/configuration.md)
  API_LOCAL_KEY       key of the API (generated once and kept in the data directory)
  DATABASE_URL        a Postgres to use instead of a private one
  REDIS_URL           a Redis to use instead of a private one`;

/** Those that `npm start` or `npm run cluster` reads; tests have theirs. */
const ourVariables = [
  'WAKEFIELD_DATA',
  'WAKEFIELD_CLUSTERS',
  'WAKEFIELD_RECIPES',
  'WAKEFIELD_AUTH',
  'WAKEFIELD_LIMITS',
  'WAKEFIELD_INSTALLATION',
];
const ofTests = 'WAKEFIELD_TEST_';

/**
 * @throws SetupError for unknown flags and variables, and unusable values
 */
export function parseOptions(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  place: CallersPlace,
): StartOptions {
  const flags = parseFlags(args);
  refuseFlagsKeptByNpm(flags, env);
  refuseUnknownVariables(env);
  return {
    host: whenSet(env.HOST) ?? '127.0.0.1',
    port: parsePort(whenSet(env.PORT) ?? '8080'),
    dataDirectory: dataDirectory(env, place.root),
    clustersFile:
      whenSet(env.WAKEFIELD_CLUSTERS) === undefined ? null : clustersFilePath(env, place),
    recipes: absoluteFolders(whenSet(env.WAKEFIELD_RECIPES), place.workingDirectory),
    authFile: absoluteFile(whenSet(env.WAKEFIELD_AUTH), place.workingDirectory),
    limitsFile: absoluteFile(whenSet(env.WAKEFIELD_LIMITS), place.workingDirectory),
    installation: parseInstallation(whenSet(env.WAKEFIELD_INSTALLATION)),
    localKey: parseKey(whenSet(env.API_LOCAL_KEY)),
    databaseUrl: whenSet(env.DATABASE_URL) ?? null,
    redisUrl: whenSet(env.REDIS_URL) ?? null,
    slurm: flags.slurm === true,
    heappe: flags.heappe === true || flags['heappe-version'] !== undefined,
    heappeVersion: parseVersion(flags['heappe-version']),
    instances: parseInstances(flags),
    help: flags.help === true,
  };
}

function parseFlags(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        slurm: { type: 'boolean' },
        heappe: { type: 'boolean' },
        'heappe-version': { type: 'string' },
        api: { type: 'string' },
        scheduler: { type: 'string' },
        proxy: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new SetupError(`${(error as Error).message}\n\n${helpText}`, error);
  }
}

/** A variable with our name that nobody reads is most likely a typing error. */
function refuseUnknownVariables(env: Readonly<Record<string, string | undefined>>): void {
  const unknown = Object.keys(env)
    .filter((name) => name.startsWith('WAKEFIELD_') && !name.startsWith(ofTests))
    .filter((name) => !ourVariables.includes(name));
  if (unknown.length > 0) {
    throw new SetupError(
      `There is no variable ${unknown.join(' or ')}, only ${ourVariables.join(', ')}. Unset it.`,
    );
  }
}

function absoluteFolders(list: string | undefined, from: string): string | null {
  const folders = (list ?? '').split(',').map((folder) => folder.trim());
  const named = folders.filter((folder) => folder !== '');
  return named.length === 0 ? null : named.map((folder) => resolve(from, folder)).join(',');
}

function absoluteFile(path: string | undefined, from: string): string | null {
  return path === undefined ? null : resolve(from, path);
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535)
    throw new SetupError(`PORT has to be a port, 1 to 65535, not "${text}".`);
  return port;
}

/** Which there are is known to who imitates them: packages/heappe-server/src/versions.ts. */
function parseVersion(text: string | undefined): string | null {
  if (text === undefined || /^\d+(\.\d+){1,2}$/.test(text)) return text ?? null;
  throw new SetupError(`--heappe-version has to be a release such as 6.1, not "${text}".`);
}

/** As the services ask for (packages/runtime, `installation`): said here before anything is started. */
function parseInstallation(id: string | undefined): string | null {
  if (id === undefined || /^[a-z0-9]{2,8}$/.test(id)) return id ?? null;
  throw new SetupError(`WAKEFIELD_INSTALLATION has to be 2 to 8 of a-z and 0-9, not "${id}".`);
}

/** As the services ask for (packages/runtime, `secret`): said here before anything is started. */
function parseKey(key: string | undefined): string | null {
  if (key === undefined) return null;
  if (!/^[\x21-\x7e]{16,}$/.test(key))
    throw new SetupError(
      'API_LOCAL_KEY has to be at least 16 printable characters without blanks.',
    );
  return key;
}

function whenSet(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
