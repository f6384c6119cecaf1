import { HeappeError } from '../http/heappe-error.ts';
import { type Call, type Route, usualLimit } from '../http/routes.ts';
import { requireRole, requireRoleSomewhere } from '../people/roles.ts';
import {
  presentAssignment,
  presentClusterForAdmins,
  presentNodeTypeOf,
  presentProject,
  presentTransferMethod,
} from '../world/present.ts';
import type { Project } from '../world/types.ts';

const path = (action: string) => `Management/${action}`;
const read = { method: 'GET', limit: usualLimit } as const;

/** ManagementController: what an administrator looks at. */
export const administrationRoutes: readonly Route[] = [
  { ...read, path: path('Projects'), handle: projects },
  { ...read, path: path('Project'), handle: project },
  { ...read, path: path('ProjectsByAccountingStrings'), handle: byAccountingStrings },
  { ...read, path: path('Clusters'), handle: clusters },
  { ...read, path: path('Cluster'), handle: cluster },
  { ...read, path: path('ClusterNodeTypes'), handle: nodeTypes },
  { ...read, path: path('ClusterNodeType'), handle: nodeType },
  { ...read, path: path('FileTransferMethods'), handle: transferMethods },
  { ...read, path: path('ProjectAssignmentToClusters'), handle: assignments },
  { ...read, path: path('VersionInformation'), handle: version },
  { ...read, path: path('InstanceInformation'), handle: instanceInformation },
  { ...read, path: path('TestClusterAccessForAccount'), handle: access },
  { ...read, path: path('ClusterAccountStatus'), handle: accountStatus },
];

/** A ManagementAdmin of any project that is not over. @throws HeappeError 401 */
export function administrator(call: Call, sessionCode = call.text('sessionCode')): void {
  const { database } = call.instance;
  const user = call.caller(sessionCode);
  requireRoleSomewhere(user, 'ManagementAdmin', database.world.projects);
}

const present = (call: Call, one: Project) => {
  const { database, traits } = call.instance;
  const { world } = database;
  const templates = world.templates.filter(
    ({ projectId, isDeleted }) => projectId === one.id && !isDeleted,
  );
  return presentProject(one, templates, world, traits);
};

/** @throws HeappeError 404 */
export function found<T>(value: T | undefined, text: string): T {
  if (value === undefined) throw new HeappeError('validation', text);
  return value;
}

export const noProject = 'The specified project is not defined in the HEAppE.';

function projects(call: Call) {
  administrator(call);
  const all = call.instance.database.world.projects.filter(({ deleted }) => !deleted);
  return { json: all.map((one) => present(call, one)) };
}

function project(call: Call) {
  administrator(call);
  const id = call.number('id');
  const one = call.instance.database.world.projects.find(
    (entry) => entry.id === id && !entry.deleted,
  );
  return { json: present(call, found(one, noProject)) };
}

/** Whatever goes wrong with one string, a missing role among it, is passed over: 200 with what was found. */
function byAccountingStrings(call: Call) {
  const { database, clock } = call.instance;
  const rows = call.texts('accountingString').flatMap((text) => {
    try {
      const one = database.world.projects.find(
        ({ accountingString, deleted }) => accountingString === text && !deleted,
      );
      requireRole(call.caller(), 'ManagementAdmin', one, clock.now());
      return [present(call, found(one, noProject))];
    } catch {
      return [];
    }
  });
  return { json: rows };
}

function clusters(call: Call) {
  administrator(call);
  const { world } = call.instance.database;
  return { json: world.clusters.map((one) => presentClusterForAdmins(one, world)) };
}

function cluster(call: Call) {
  administrator(call);
  const { world } = call.instance.database;
  const id = call.number('id');
  const one = world.clusters.find((entry) => entry.id === id);
  const text = `Requested cluster with Id '${id}' does not exist in the HEAppE.`;
  return { json: presentClusterForAdmins(found(one, text), world) };
}

function nodeTypes(call: Call) {
  administrator(call);
  const { world } = call.instance.database;
  return { json: world.nodeTypes.map((one) => presentNodeTypeOf(one, null)) };
}

function nodeType(call: Call) {
  administrator(call);
  const id = call.number('id');
  const one = call.instance.database.world.nodeTypes.find((entry) => entry.id === id);
  const text = `Requested cluster node type with Id '${id}' does not exist in the HEAppE.`;
  return { json: presentNodeTypeOf(found(one, text), null) };
}

function transferMethods(call: Call) {
  administrator(call);
  const rows = call.instance.database.world.clusters.flatMap((one) =>
    one.fileTransferMethods.map((method) => presentTransferMethod(method, one.id)),
  );
  return { json: rows };
}

function assignments(call: Call) {
  administrator(call);
  const { database, traits } = call.instance;
  const projectId = call.number('projectId');
  const rows = database.world.assignments.filter((entry) => entry.projectId === projectId);
  return { json: rows.map((entry) => presentAssignment(entry, traits)) };
}

function version(call: Call) {
  const { database, settings, traits } = call.instance;
  requireRoleSomewhere(call.caller(), 'Submitter', database.world.projects);
  return {
    json: {
      Name: settings.instanceIdentifier,
      Description: 'a HEAppE for tests',
      Version: traits.version,
    },
  };
}

function instanceInformation(call: Call) {
  const { database, settings, traits } = call.instance;
  const { world } = database;
  requireRoleSomewhere(call.caller(), 'Administrator', world.projects);
  return {
    json: {
      Name: settings.instanceIdentifier,
      Description: 'a HEAppE for tests',
      Version: traits.version,
      DeployedIPAddress: settings.host,
      Port: settings.port,
      URL: `http://${settings.host}`,
      URLPostfix: '',
      DeploymentType: 1,
      ResourceAllocationTypes: [2],
      Projects: world.projects.filter(({ deleted }) => !deleted).map((one) => present(call, one)),
    },
  };
}

const clustersOf = (call: Call, projectId: number) => {
  const { world } = call.instance.database;
  return world.clusters.filter(({ id }) =>
    world.assignments.some((one) => one.clusterId === id && one.projectId === projectId),
  );
};

function access(call: Call) {
  administrator(call);
  const own = clustersOf(call, call.number('projectId'));
  return { json: own.map(({ name }) => ({ ClusterName: name, IsClusterAccessible: true })) };
}

function accountStatus(call: Call) {
  administrator(call);
  const projectId = call.number('projectId');
  const { world } = call.instance.database;
  const one = world.projects.find(({ id }) => id === projectId);
  const rows = clustersOf(call, projectId).map((entry) => ({
    Cluster: { Id: entry.id, Name: entry.name },
    Project: { Id: projectId, Name: one?.name ?? null },
    IsInitialized: true,
  }));
  return { json: rows };
}
