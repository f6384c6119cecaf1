import type { Call, Route } from '../http/routes.ts';
import type { Instance } from '../instance.ts';
import { projectsWith } from '../people/roles.ts';
import { presentNodeTypeOf, presentProject } from '../world/present.ts';
import type { Cluster, NodeType, Project } from '../world/types.ts';

const listLifeMs = 150 * 60_000;

/** ClusterInformationController. */
export const clusterRoutes: readonly Route[] = [
  { method: 'GET', path: 'ClusterInformation/ListAvailableClusters', limit: 0, handle: list },
];

interface Filter {
  readonly cluster: string | null;
  readonly nodeType: string | null;
  readonly project: string | null;
  readonly accounting: readonly string[];
  readonly template: string | null;
}

function list(call: Call) {
  const { instance } = call;
  const { cache, clock, traits } = instance;
  const user = call.caller();
  // Who has no role at all is told of nothing, without an error.
  const visible = projectsWith(
    user,
    ['Reporter', 'ManagementAdmin', 'Manager'],
    instance.database.world.projects,
  ).filter(({ endDate }) => endDate > clock.now());
  const filter: Filter = {
    cluster: call.text('clusterName'),
    nodeType: call.text('nodeTypeName'),
    project: call.text('projectName'),
    accounting: call.texts('accountingString').filter((text) => text !== ''),
    template: call.text('commandTemplateName'),
  };
  const key = `clusters ${user.id} ${JSON.stringify(filter)}`;
  const kept = cache.get(key);
  const refresh = traits.forceRefresh && call.flag('forceRefresh');
  if (kept !== undefined && kept.until > clock.now() && !refresh) return { json: kept.value };
  const value = instance.database.world.clusters.map((cluster) =>
    presentCluster(instance, cluster, visible, filter),
  );
  const found = value.filter((cluster) => cluster !== null);
  cache.set(key, { value: found, until: clock.now() + listLifeMs });
  return { json: found };
}

const matches = (wanted: string | null, name: string) => wanted === null || wanted === name;

function presentCluster(
  instance: Instance,
  cluster: Cluster,
  visible: readonly Project[],
  filter: Filter,
): object | null {
  if (!matches(filter.cluster, cluster.name)) return null;
  const nodeTypes = instance.database.world.nodeTypes
    .filter(({ clusterId, name }) => clusterId === cluster.id && matches(filter.nodeType, name))
    .map((nodeType) => presentNodeType(instance, nodeType, visible, filter))
    .filter((nodeType) => nodeType !== null);
  if (nodeTypes.length === 0) return null;
  return {
    Id: cluster.id,
    Name: cluster.name,
    Description: cluster.description,
    FileTransferMethodIds: cluster.fileTransferMethods.map(({ id }) => id),
    NodeTypes: nodeTypes,
  };
}

/** Projects without a template here are not told of, nor is a node type without such a project. */
function presentNodeType(
  { database, traits }: Instance,
  nodeType: NodeType,
  visible: readonly Project[],
  filter: Filter,
): object | null {
  const { world } = database;
  const projects = visible
    .filter(
      ({ name, accountingString, id }) =>
        matches(filter.project, name) &&
        (filter.accounting.length === 0 || filter.accounting.includes(accountingString)) &&
        world.assignments.some(
          ({ projectId, clusterId }) => projectId === id && clusterId === nodeType.clusterId,
        ),
    )
    .flatMap((project) => {
      const templates = world.templates.filter(
        ({ clusterNodeTypeId, projectId, isDeleted, name }) =>
          clusterNodeTypeId === nodeType.id &&
          !isDeleted &&
          (projectId === null || projectId === project.id) &&
          (filter.template === null || name.toLowerCase() === filter.template.toLowerCase()),
      );
      return templates.length === 0 ? [] : [presentProject(project, templates, world, traits)];
    });
  if (projects.length === 0) return null;
  return presentNodeTypeOf(nodeType, projects);
}
