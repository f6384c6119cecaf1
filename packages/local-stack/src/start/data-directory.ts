import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { SetupError } from '../setup-error.ts';

/** Paths of everything that `npm start` keeps. */
export interface DataPaths {
  readonly root: string;
  readonly logs: string;
  readonly postgres: string;
  readonly redis: string;
  readonly slurm: string;
  readonly heappe: string;
  readonly models: string;
  /** Records of requests that proxies have not shipped yet. */
  readonly usage: string;
  /** Put there by `npm run setup:vllm`. */
  readonly vllm: string;
  /** The user's; need not be in the directory. */
  readonly clusters: string;
  /** Made anew at every start, out of the user's. */
  readonly clustersInUse: string;
  readonly runFile: string;
}

/**
 * Makes the directory: private, but as root the database's user has to pass through.
 * @param clustersFile the user's, where it is not the one in the directory
 */
export function openDataDirectory(path: string, clustersFile: string | null = null): DataPaths {
  try {
    mkdirSync(path, { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 });
    for (const own of ['logs', 'models'])
      mkdirSync(join(path, own), { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new SetupError(
      `The data directory ${path} cannot be made (${(error as Error).message}). Set WAKEFIELD_DATA to one that can.`,
      error,
    );
  }
  const root = realpathSync(path);
  return {
    root,
    logs: join(root, 'logs'),
    postgres: join(root, 'postgres'),
    redis: join(root, 'redis'),
    slurm: join(root, 'slurm'),
    heappe: join(root, 'heappe'),
    models: join(root, 'models'),
    usage: join(root, 'usage'),
    vllm: join(root, 'vllm'),
    clusters: clustersFile ?? join(root, 'clusters.yaml'),
    clustersInUse: join(root, 'clusters.run.yaml'),
    runFile: join(root, 'run.json'),
  };
}

/** The API's key: the given one, else one generated once. */
export function localKey(root: string, given: string | null): string {
  return (
    given ?? keptSecret(join(root, 'api-key'), () => `wf-${randomBytes(24).toString('base64url')}`)
  );
}

/**
 * Short id of this installation in job names, so that two data directories may use one cluster account: the given
 * one, else one drawn once.
 * @returns 2 to 8 of [a-z0-9]
 */
export function installationId(root: string, given: string | null): string {
  return given ?? keptSecret(join(root, 'installation'), () => randomBytes(3).toString('hex'));
}

function keptSecret(file: string, make: () => string): string {
  if (!existsSync(file)) writePrivately(file, `${make()}\n`);
  return readFileSync(file, 'utf8').trim();
}

/** Readable by its owner only, and there whole or not at all. */
export function writePrivately(file: string, text: string): void {
  const half = `${file}.new`;
  writeFileSync(half, text, { mode: 0o600 });
  renameSync(half, file);
}
