import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileSettings, resolveFileName } from '@wakefield/cluster/clusters-file';
import { type Document, isMap, parseDocument } from 'yaml';
import { SetupError } from '../setup-error.ts';
import { type DataPaths, writePrivately } from './data-directory.ts';
import { type PrivateCluster, privateClusters } from './private-clusters.ts';

/** What stands in the user's file at first. */
const firstClusters = `# Clusters that this Wakefield may use. The file is yours: npm start wrote it once and never changes it.
# A real centre looks like deploy/clusters.example.yaml; try yours with: npm run cluster -- check NAME
# A change takes effect with the next npm start, which adds what only this machine knows (where the simulator and
# vLLM are, the private SLURM of --slurm, the HEAppE of --heappe) and hands the result to the services as clusters.run.yaml.
clusters:
  local:
    kind: local
    directory: local
`;

/** What only this machine knows about running recipes. */
export interface MachineRecipes {
  readonly node: string;
  readonly simulator: string;
  /** Virtual environment with vLLM, if it was set up. */
  readonly vllm: string | null;
}

export interface ClusterSummary {
  readonly name: string;
  readonly kind: string;
}

export interface ClustersInUse {
  /** The default one first. */
  readonly clusters: readonly ClusterSummary[];
  /** Where the clusters of kind `local` keep their jobs; absolute. */
  readonly localDirectories: readonly string[];
}

/**
 * Writes the user's file if there is none, and the one in use, whose file names are absolute. What is wrong in the
 * user's file was said before (refuseEarly).
 * @param own what was brought up for this start; the last one becomes the default cluster
 * @throws SetupError when it is not where he says
 */
export function writeClusters(
  paths: DataPaths,
  recipes: MachineRecipes,
  own: readonly PrivateCluster[],
): ClustersInUse {
  ensureFile(paths);
  const document = parseDocument(readFileSync(paths.clusters, 'utf8'));
  for (const { name, entry } of own) {
    document.setIn(['clusters', name], document.createNode(entry));
    document.set('defaultCluster', name);
  }
  const clusters = listClusters(document);
  for (const cluster of clusters) {
    makeFileNamesAbsolute(document, cluster, dirname(paths.clusters));
    if (isOurs(cluster)) addMachineRecipes(document, cluster.name, paths, recipes);
  }
  writePrivately(
    paths.clustersInUse,
    `# Made by npm start out of clusters.yaml, which is the one to edit.\n${document.toString()}`,
  );
  return {
    clusters: defaultFirst(clusters, document.get('defaultCluster')),
    localDirectories: localDirectories(document, clusters),
  };
}

function ensureFile({ root, clusters }: DataPaths): void {
  if (existsSync(clusters)) return;
  if (dirname(clusters) !== root)
    throw new SetupError(
      `${clusters} (WAKEFIELD_CLUSTERS) is not there. Begin with a copy of deploy/clusters.example.yaml.`,
    );
  writeFileSync(clusters, firstClusters, { mode: 0o600 });
}

/** The file in use stands elsewhere, and what it names must not. */
function makeFileNamesAbsolute(
  document: Document,
  { name, kind }: ClusterSummary,
  folder: string,
): void {
  for (const setting of fileSettings[kind] ?? []) {
    const at = ['clusters', name, ...setting];
    const file = document.hasIn(at) ? document.getIn(at) : null;
    if (typeof file === 'string') document.setIn(at, resolveFileName(folder, file));
  }
}

function localDirectories(
  document: Document,
  clusters: readonly ClusterSummary[],
): readonly string[] {
  return clusters
    .filter(({ kind }) => kind === 'local')
    .map(({ name }) => String(document.getIn(['clusters', name, 'directory']) ?? ''))
    .filter((directory) => directory !== '');
}

/** Whether a cluster is of this machine: it begins and ends with us. */
export function isOurs({ name, kind }: ClusterSummary): boolean {
  return kind === 'local' || privateClusters.some((one) => one.name === name);
}

function listClusters(document: Document): readonly ClusterSummary[] {
  const { clusters } = (document.toJS() ?? {}) as { clusters?: Record<string, { kind?: unknown }> };
  return Object.entries(clusters ?? {}).map(([name, cluster]) => ({
    name,
    kind: String(cluster?.kind ?? ''),
  }));
}

/** Only where the user says nothing of his own. */
function addMachineRecipes(
  document: Document,
  cluster: string,
  paths: DataPaths,
  { node, simulator, vllm }: MachineRecipes,
): void {
  if (!isMap(document.getIn(['clusters', cluster]))) return;
  const setIfAbsent = (path: readonly string[], value: unknown) => {
    const at = ['clusters', cluster, ...path];
    if (document.getIn(at) == null) document.setIn(at, document.createNode(value));
  };
  setIfAbsent(['modelDirectory'], paths.models);
  setIfAbsent(['recipes'], {});
  setIfAbsent(['recipes', 'simulator'], {
    environment: { WAKEFIELD_NODE: node, WAKEFIELD_SIMULATOR: simulator },
  });
  if (vllm !== null)
    setIfAbsent(['recipes', 'vllm'], {
      setup: [`source '${join(vllm, 'bin/activate').replaceAll("'", "'\\''")}'`],
      environment: { VLLM_CPU_KVCACHE_SPACE: 1 },
    });
}

function defaultFirst(
  clusters: readonly ClusterSummary[],
  chosen: unknown,
): readonly ClusterSummary[] {
  return [
    ...clusters.filter(({ name }) => name === chosen),
    ...clusters.filter(({ name }) => name !== chosen),
  ];
}

/** The simulator's program and Node, as seen from this checkout; vLLM where `npm run setup:vllm` puts it. */
export function machineRecipes(checkout: string, paths: DataPaths): MachineRecipes {
  const installed = existsSync(join(paths.vllm, '.installed'));
  return {
    node: process.execPath,
    simulator: join(checkout, 'packages/simulator/src/main.ts'),
    vllm: installed ? join(paths.vllm, 'venv') : null,
  };
}

/** Root of this checkout, wherever it was started from. */
export function checkoutRoot(): string {
  return dirname(dirname(dirname(dirname(import.meta.dirname))));
}
