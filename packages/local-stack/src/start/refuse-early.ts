import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ClustersFileError, loadClusters } from '@wakefield/cluster/clusters-file';
import { isFree } from '../process/free-port.ts';
import { SetupError, UnusableFileError } from '../setup-error.ts';
import type { StartOptions } from './options.ts';

/**
 * What is wrong already: said before anything is made or started.
 * @throws UnusableFileError with a line for each mistake in a file of the user's
 * @throws SetupError with the port that is taken
 */
export async function refuseEarly(
  options: Pick<
    StartOptions,
    'host' | 'port' | 'dataDirectory' | 'clustersFile' | 'recipes' | 'authFile' | 'limitsFile'
  >,
): Promise<void> {
  await checkClusters(options.clustersFile ?? join(options.dataDirectory, 'clusters.yaml'));
  if (options.recipes !== null) await checkRecipes(options.recipes.split(','));
  if (options.authFile !== null) await checkAuth(options.authFile);
  if (options.limitsFile !== null) await checkLimits(options.limitsFile);
  // Where there is a data directory, its lock tells better who has the port.
  if (!existsSync(options.dataDirectory)) await requireFreePort(options);
}

/** @throws SetupError naming another port */
export async function requireFreePort({
  host,
  port,
}: Pick<StartOptions, 'host' | 'port'>): Promise<void> {
  if (await isFree(host, port)) return;
  throw new SetupError(
    `${host}:${port} is in use. Choose another port: PORT=${port + 1} npm start`,
  );
}

/** A file that is not there may still be made up. */
async function checkClusters(file: string): Promise<void> {
  if (!existsSync(file)) return;
  try {
    await loadClusters(file);
  } catch (error) {
    if (!(error instanceof ClustersFileError)) throw error;
    throw new UnusableFileError(`clusters.yaml cannot be used:\n${indented(error.message)}`, error);
  }
}

async function checkRecipes(folders: readonly string[]): Promise<void> {
  // Who has none of his own need not wait until what can read them is loaded.
  const { RecipesError, loadRecipes } = await import('@wakefield/recipes');
  try {
    await loadRecipes(folders);
  } catch (error) {
    if (!(error instanceof RecipesError)) throw error;
    throw new UnusableFileError(error.message, error);
  }
}

async function checkAuth(file: string): Promise<void> {
  const { AuthFileError, loadAuthFile } = await import('@wakefield/auth/auth-file');
  try {
    await loadAuthFile(file);
  } catch (error) {
    if (!(error instanceof AuthFileError)) throw error;
    throw new UnusableFileError(`auth.yaml cannot be used:\n${indented(error.message)}`, error);
  }
}

async function checkLimits(file: string): Promise<void> {
  const { LimitsFileError, loadLimits } = await import('@wakefield/limits');
  try {
    await loadLimits(file);
  } catch (error) {
    if (!(error instanceof LimitsFileError)) throw error;
    throw new UnusableFileError(`limits.yaml cannot be used:\n${indented(error.message)}`, error);
  }
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, '  ');
}
