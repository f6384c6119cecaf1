import { HeappeError } from '../http/heappe-error.ts';
import { type Call, type Route, sessionCodeOf, usualLimit } from '../http/routes.ts';
import type { Instance } from '../instance.ts';
import { projectsWith, requireRole, requireRoleSomewhere } from '../people/roles.ts';
import { presentNodeTypeOf, presentProject } from '../world/present.ts';
import type { Cluster, NodeType, Project } from '../world/types.ts';

const path = (action: string) => `ClusterInformation/${action}`;
const listLifeMs = 150 * 60_000;
const usageLifeMs = 2 * 60_000;

/** ClusterInformationController. */
export const clusterRoutes: readonly Route[] = [
  { method: 'GET', path: path('ListAvailableClusters'), limit: 0, handle: list },
  {
    method: 'POST',
    path: path('ListAvailableClustersClearCache'),
    limit: usualLimit,
    handle: clearCache,
  },
  { method: 'GET', path: path('CurrentClusterNodeUsage'), limit: usualLimit, handle: usage },
  {
    method: 'POST',
    path: path('RequestCommandTemplateParametersName'),
    limit: 535,
    handle: parameterNames,
  },
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

function clearCache(call: Call) {
  const { instance } = call;
  const { projects } = instance.database.world;
  requireRoleSomewhere(call.caller(), 'Administrator', projects);
  const cleared = instance.cache.size;
  instance.cache.clear();
  return {
    json: {
      ClearedKeysCount: cleared,
      Timestamp: new Date(instance.clock.now()).toISOString(),
      Description: 'Cache cleared for current user using global reset token',
    },
  };
}

async function usage(call: Call) {
  const { instance } = call;
  const { world } = instance.database;
  const nodeType = world.nodeTypes.find(({ id }) => id === call.number('clusterNodeId'));
  const user = call.caller();
  const project = world.projects.find(({ id }) => id === call.number('projectId'));
  requireRole(user, 'Reporter', project, instance.clock.now());
  if (nodeType === undefined) {
    const id = call.number('clusterNodeId');
    throw new HeappeError(
      'validation',
      'ClusterNodeTypeNotExists',
      `Requested cluster node type with Id '${id}' does not exist in the HEAppE.`,
    );
  }
  const key = `usage ${nodeType.id}`;
  const kept = instance.cache.get(key);
  if (kept !== undefined && kept.until > instance.clock.now()) return { json: kept.value };
  const value = {
    Id: nodeType.id,
    Name: nodeType.name,
    Description: nodeType.description,
    Priority: 0,
    CoresPerNode: nodeType.coresPerNode,
    MaxWalltime: nodeType.maxWalltime,
    NumberOfNodes: nodeType.numberOfNodes,
    NumberOfUsedNodes: await instance.scheduler.usedNodes(nodeType.queue),
    TotalJobs: 0,
  };
  instance.cache.set(key, { value, until: instance.clock.now() + usageLifeMs });
  return { json: value };
}

function parameterNames(call: Call) {
  const { instance } = call;
  const { world } = instance.database;
  const asked = call.read((fields) => ({
    templateId: fields.number('CommandTemplateId'),
    projectId: fields.number('ProjectId'),
    script: fields.text('UserScriptPath', 250),
    sessionCode: sessionCodeOf(fields),
  }));
  const user = call.caller(asked.sessionCode);
  const project = world.projects.find(({ id }) => id === asked.projectId);
  requireRole(user, 'Submitter', project, instance.clock.now());
  const template = world.templates.find(
    ({ id, isDeleted }) => id === asked.templateId && !isDeleted,
  );
  if (template === undefined) {
    throw new HeappeError(
      'validation',
      'CommandTemplateNotFound',
      'The specified command template is not defined in the HEAppE.',
    );
  }
  return {
    json: template.parameters
      .filter(({ enabled, query }) => enabled && query === '')
      .map(({ identifier }) => identifier),
  };
}
