import { parseArgs } from 'node:util';
import {
  type CallersPlace,
  clustersFilePath,
  dataDirectory,
} from '@wakefield/cluster/clusters-file';
import { SetupError } from '../setup-error.ts';

/** What `npm start` was asked for. */
export interface StartOptions {
  readonly host: string;
  readonly port: number;
  /** Absolute. */
  readonly dataDirectory: string;
  /** The clusters.yaml to use, absolute; null: the one in the data directory, written at the first start. */
  readonly clustersFile: string | null;
  /** null: the one kept in the data directory. */
  readonly localKey: string | null;
  /** null: a private server. */
  readonly databaseUrl: string | null;
  readonly redisUrl: string | null;
  readonly slurm: boolean;
  readonly help: boolean;
}

export const helpText = `npm start [-- --slurm]

Sets up and runs everything on this machine: Postgres, Redis, proxy, api, scheduler and a cluster "local" whose
jobs are processes of this machine.

  --slurm   boot a private SLURM as well and use it as cluster "slurm-dev"
  --help    this text

Environment
  PORT                port of the public URL (8080)
  HOST                address it listens on (127.0.0.1)
  WAKEFIELD_DATA      directory for everything that is kept (.wakefield)
  WAKEFIELD_CLUSTERS  the clusters.yaml to use (the one in the data directory)
  API_LOCAL_KEY       key of the API (generated once and kept in the data directory)
  DATABASE_URL        a Postgres to use instead of a private one
  REDIS_URL           a Redis to use instead of a private one`;

/**
 * @throws SetupError for unknown flags and unusable values
 */
export function parseOptions(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  place: CallersPlace,
): StartOptions {
  const flags = parseFlags(args);
  // npm takes flags that stand before its `--` for itself, and tells so in the environment.
  if (env.npm_config_slurm !== undefined && flags.slurm !== true)
    throw new SetupError('npm kept --slurm for itself. You meant: npm start -- --slurm');
  return {
    host: whenSet(env.HOST) ?? '127.0.0.1',
    port: parsePort(whenSet(env.PORT) ?? '8080'),
    dataDirectory: dataDirectory(env, place.root),
    clustersFile:
      whenSet(env.WAKEFIELD_CLUSTERS) === undefined ? null : clustersFilePath(env, place),
    localKey: parseKey(whenSet(env.API_LOCAL_KEY)),
    databaseUrl: whenSet(env.DATABASE_URL) ?? null,
    redisUrl: whenSet(env.REDIS_URL) ?? null,
    slurm: flags.slurm === true,
    help: flags.help === true,
  };
}

function parseFlags(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: { slurm: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    }).values;
  } catch (error) {
    throw new SetupError(`${(error as Error).message}\n\n${helpText}`, error);
  }
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535)
    throw new SetupError(`PORT has to be a port, 1 to 65535, not "${text}".`);
  return port;
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
