import { existsSync } from 'node:fs';
import { type ClusterConfig, loadClusters } from '../config/load-clusters.ts';
import type { Terminal } from './terminal.ts';

/** A cluster, and the file that it stands in. */
export interface FoundCluster {
  readonly config: ClusterConfig;
  readonly path: string;
}

/**
 * Looks in the user's file, then in the one that `npm start` makes out of it, which has the private SLURM besides.
 * @param made null: only the user's
 * @throws ClustersFileError when the file that is looked into cannot be used
 */
export async function findCluster(
  path: string,
  made: string | null,
  name: string,
): Promise<FoundCluster | null> {
  const files = [path, made].filter((file) => file !== null).filter(existsSync);
  // Neither is there: reading says so.
  for (const file of files.length === 0 ? [path] : files) {
    const { clusters } = await loadClusters(file);
    const config = clusters.find((cluster) => cluster.name === name);
    if (config !== undefined) return { config, path: file };
  }
  return null;
}

export async function noSuchCluster(path: string, name: string): Promise<string> {
  const { clusters } = await loadClusters(path);
  return `${path} has no cluster "${name}"; it has ${clusters.map((one) => one.name).join(', ')}.`;
}

/**
 * @returns exit status
 * @throws ClustersFileError with every mistake in the file
 */
export async function nameClusters(path: string, terminal: Terminal): Promise<number> {
  const { clusters } = await loadClusters(path);
  terminal.print(`${path} is well-formed. It has:`);
  for (const { name, kind } of clusters) terminal.print(`  ${name.padEnd(20)} ${kind}`);
  terminal.print('To try one: npm run cluster -- check NAME --project P');
  return 0;
}
