import { ClusterError } from '@wakefield/control';
import type { ProjectName } from '@wakefield/domain';
import type { HeappeConfig } from '../config/heappe.ts';
import type { ClusterInfo, NodeType, ProjectInfo } from './api/wire-types.ts';
import type { HeappeClient } from './client.ts';
import { accountingStringOf, nodeTypeOf } from './settings-of.ts';

/** HEAppE's ids of where a project's jobs go. */
export interface Place {
  readonly projectId: number;
  readonly clusterId: number;
  readonly nodeType: NodeType;
  readonly fileTransferMethodId: number;
  /** Enabled command templates on that node type, by name; of several of one name the oldest. */
  readonly templates: ReadonlyMap<string, number>;
}

/** Templates are made and removed by people and seldom; a submission that fails looks anew anyway. */
const GOOD_FOR_MS = 600_000;

/** Where jobs of a project go, kept for some minutes. */
export interface Places {
  /**
   * @param maxAgeMs what was listed longer ago is listed again
   * @throws ClusterError refused, in words of what is missing
   */
  of(project: ProjectName, signal: AbortSignal, maxAgeMs?: number): Promise<Place>;
  /** From what HEAppE has just listed. @throws ClusterError as `of` */
  take(project: ProjectName, clusters: readonly ClusterInfo[]): Place;
  forget(project: ProjectName): void;
  /** Ids of the node types that the configuration means, as far as they were listed for somebody. */
  nodeTypes(): ReadonlySet<number>;
}

export function createPlaces(
  config: HeappeConfig,
  client: Pick<HeappeClient, 'clusters'>,
  elapsed: () => number,
): Places {
  const known = new Map<ProjectName, { readonly place: Place; readonly at: number }>();
  let nodeTypes: ReadonlySet<number> = new Set();
  const take: Places['take'] = (project, clusters) => {
    nodeTypes = meantNodeTypes(config, clusters);
    const place = findPlace(config, project, clusters);
    known.set(project, { place, at: elapsed() });
    return place;
  };
  return {
    async of(project, signal, maxAgeMs = GOOD_FOR_MS) {
      const kept = known.get(project);
      if (kept !== undefined && elapsed() - kept.at < maxAgeMs) return kept.place;
      return take(project, await client.clusters.list(signal));
    },
    take,
    forget: (project) => void known.delete(project),
    nodeTypes: () => nodeTypes,
  };
}

/**
 * Finds the node type and the project in what HEAppE lists. Before a project has a template there, it does not list it.
 * @throws ClusterError refused
 */
export function findPlace(
  config: HeappeConfig,
  name: ProjectName,
  clusters: readonly ClusterInfo[],
): Place {
  const accounting = accountingStringOf(config, name);
  const candidates = matchingNodeTypes(config, name, clusters).flatMap(({ cluster, nodeType }) =>
    nodeType.Projects.filter((project) => isNamed(project, accounting)).map((project) => ({
      cluster,
      nodeType,
      project,
    })),
  );
  const [first, second] = candidates;
  if (first === undefined)
    throw new ClusterError(
      'refused',
      `HEAppE lists no command template of project ${accounting} on ${described(config, name)}: activate the project (POST /p)`,
    );
  if (second !== undefined)
    throw new ClusterError(
      'misconfigured',
      `project ${accounting} has several node types in HEAppE (${candidates.map(({ nodeType }) => nodeType.Name).join(', ')}): name one as nodeType, and the cluster, in clusters.yaml`,
    );
  const { cluster, nodeType, project } = first;
  return {
    projectId: project.Id,
    clusterId: cluster.Id,
    nodeType,
    fileTransferMethodId: transferMethodOf(cluster, nodeType),
    templates: enabledTemplates(project),
  };
}

/** Of all projects: each may have its own. */
function meantNodeTypes(
  config: HeappeConfig,
  clusters: readonly ClusterInfo[],
): ReadonlySet<number> {
  const wanted = [null, ...Object.keys(config.projects)].map((name) =>
    nodeTypeOf(config, name ?? ''),
  );
  return new Set(
    clusters
      .filter((cluster) => config.cluster === null || cluster.Name === config.cluster)
      .flatMap(({ NodeTypes }) => NodeTypes)
      .filter((nodeType) => wanted.some((one) => one === null || isNodeType(nodeType, one)))
      .map(({ Id }) => Id),
  );
}

/** Node types that the configuration means, of the cluster that it means. */
export function matchingNodeTypes(
  config: HeappeConfig,
  name: ProjectName,
  clusters: readonly ClusterInfo[],
) {
  const wanted = nodeTypeOf(config, name);
  return clusters
    .filter((cluster) => config.cluster === null || cluster.Name === config.cluster)
    .flatMap((cluster) => cluster.NodeTypes.map((nodeType) => ({ cluster, nodeType })))
    .filter(({ nodeType }) => wanted === null || isNodeType(nodeType, wanted));
}

export function isNodeType(nodeType: NodeType, wanted: string | number): boolean {
  return typeof wanted === 'number' ? nodeType.Id === wanted : nodeType.Name === wanted;
}

export function isNamed(
  project: { readonly AccountingString: string },
  accounting: string,
): boolean {
  return project.AccountingString.toLowerCase() === accounting.toLowerCase();
}

/** In words, for messages. */
export function described(config: HeappeConfig, name: ProjectName): string {
  const wanted = nodeTypeOf(config, name);
  const nodeType = wanted === null ? 'any node type' : `node type ${wanted}`;
  return config.cluster === null ? nodeType : `${nodeType} of cluster ${config.cluster}`;
}

function enabledTemplates({ CommandTemplates }: ProjectInfo): ReadonlyMap<string, number> {
  const templates = new Map<string, number>();
  const enabled = CommandTemplates.filter(({ IsEnabled }) => IsEnabled !== false);
  for (const { Id, Name } of enabled.toSorted((a, b) => b.Id - a.Id))
    if (Name !== null) templates.set(Name, Id);
  return templates;
}

/** The one of the node type: a job that names another is refused. */
function transferMethodOf(cluster: ClusterInfo, nodeType: NodeType): number {
  const method = nodeType.FileTransferMethodId ?? cluster.FileTransferMethodIds[0];
  if (method !== undefined) return method;
  throw new ClusterError(
    'misconfigured',
    `node type ${nodeType.Name} has no file transfer method in HEAppE`,
  );
}
