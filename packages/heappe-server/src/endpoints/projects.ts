import { HeappeError } from '../http/heappe-error.ts';
import { type Call, type Route, sessionCodeOf } from '../http/routes.ts';
import { presentAssignment, presentProject } from '../world/present.ts';
import type { Project, RoleName } from '../world/types.ts';
import { administrator, found, noProject } from './administration.ts';

const path = (action: string) => `Management/${action}`;

/** ManagementController: what makes a project, and gives it clusters. */
export const projectRoutes: readonly Route[] = [
  { method: 'POST', path: path('Project'), limit: 600, handle: create },
  { method: 'PUT', path: path('Project'), limit: 600, handle: modify },
  { method: 'DELETE', path: path('Project'), limit: 600, handle: remove },
  { method: 'POST', path: path('ProjectAssignmentToCluster'), limit: 10_000, handle: assign },
  { method: 'PUT', path: path('ProjectAssignmentToCluster'), limit: 10_000, handle: reassign },
  { method: 'DELETE', path: path('ProjectAssignmentToCluster'), limit: 100, handle: unassign },
  {
    method: 'POST',
    path: path('InitializeClusterScriptDirectory'),
    limit: 1000,
    handle: initialize,
  },
];

/** Every write through this instance empties its caches. */
export function saved(call: Call): void {
  call.instance.cache.clear();
  call.instance.database.save();
}

const time = (text: string | null) => {
  const value = Date.parse(text ?? '');
  if (Number.isNaN(value)) throw new HeappeError('validation', 'StartDate or EndDate is wrong.');
  return value;
};

const readProject = (call: Call) =>
  call.read((fields) => ({
    id: fields.number('Id'),
    name: fields.requiredText('Name', 50),
    description: fields.text('Description', 100) ?? '',
    accountingString: fields.text('AccountingString', 150) ?? '',
    startDate: fields.text('StartDate'),
    endDate: fields.text('EndDate'),
    usageType: fields.optionalNumber('UsageType') === 2 ? (2 as const) : (1 as const),
    useAccountingStringForScheduler: fields.flag('UseAccountingStringForScheduler', true),
    isOneToOneMapping: fields.flag('IsOneToOneMapping'),
    sessionCode: sessionCodeOf(fields),
  }));

const present = ({ instance }: Call, project: Project) =>
  presentProject(project, [], instance.database.world, instance.traits);

function create(call: Call) {
  const { database } = call.instance;
  const { sessionCode, id: _, ...asked } = readProject(call);
  if (asked.accountingString === '') {
    throw new HeappeError('validation', 'AccountingString cannot be empty.');
  }
  administrator(call, sessionCode);
  const { world } = database;
  if (world.projects.some(({ accountingString }) => accountingString === asked.accountingString)) {
    throw new HeappeError(
      'validation',
      'ProjectAlreadyExist',
      `Project with accounting string '${asked.accountingString}' already exists.`,
    );
  }
  const project: Project = {
    ...asked,
    id: database.nextId('project'),
    startDate: time(asked.startDate),
    endDate: time(asked.endDate),
    deleted: false,
  };
  world.projects.push(project);
  const every: RoleName[] = ['Maintainer', 'Submitter', 'Reporter', 'ManagementAdmin', 'Manager'];
  call.caller(sessionCode).roles[project.id] = every;
  saved(call);
  return { json: present(call, project) };
}

/** @throws HeappeError 404 */
export const findProject = (call: Call, id: number) =>
  found(
    call.instance.database.world.projects.find((one) => one.id === id && !one.deleted),
    noProject,
  );

function modify(call: Call) {
  const { sessionCode, id, accountingString: _, startDate, endDate, ...rest } = readProject(call);
  administrator(call, sessionCode);
  const project = findProject(call, id);
  Object.assign(project, { ...rest, startDate: time(startDate), endDate: time(endDate) });
  saved(call);
  return { json: present(call, project) };
}

function remove(call: Call) {
  const { id, sessionCode } = call.read((fields) => ({
    id: fields.number('Id'),
    sessionCode: sessionCodeOf(fields),
  }));
  administrator(call, sessionCode);
  findProject(call, id).deleted = true;
  saved(call);
  return { json: 'Project was deleted.' };
}

function readAssignment(call: Call) {
  const { storageField } = call.instance.traits;
  const asked = call.read((fields) => {
    const basepath = fields.text('LocalBasepath', 1000);
    return {
      projectId: fields.number('ProjectId'),
      clusterId: fields.number('ClusterId'),
      scratch:
        (storageField === 'LocalBasepath' ? basepath : null) ??
        fields.text('ScratchStoragePath', 1000) ??
        '',
      storage: fields.text(storageField, 1000) ?? '',
      sessionCode: sessionCodeOf(fields),
    };
  });
  if (/[^A-Za-z0-9_\-\s\\/.~]/.test(`${asked.scratch}${asked.storage}`) || asked.scratch === '') {
    throw new HeappeError('validation', 'ScratchStoragePath contains illegal characters.');
  }
  administrator(call, asked.sessionCode);
  const { assignments, clusters } = call.instance.database.world;
  findProject(call, asked.projectId);
  const text = `Requested cluster with Id '${asked.clusterId}' does not exist in the HEAppE.`;
  found(
    clusters.find(({ id }) => id === asked.clusterId),
    text,
  );
  const existing = assignments.find(
    (one) => one.projectId === asked.projectId && one.clusterId === asked.clusterId,
  );
  return { ...asked, existing };
}

function assign(call: Call) {
  const asked = readAssignment(call);
  if (asked.existing !== undefined) {
    throw new HeappeError(
      'validation',
      'ProjectAlreadyExistWithCluster',
      `ProjectId '${asked.projectId}' is already assigned to ClusterId '${asked.clusterId}'.`,
    );
  }
  const assignment = {
    projectId: asked.projectId,
    clusterId: asked.clusterId,
    scratchStoragePath: asked.scratch,
    projectStoragePath: asked.storage,
    createdAt: call.instance.clock.now(),
    modifiedAt: null,
  };
  call.instance.database.world.assignments.push(assignment);
  saved(call);
  return { json: presentAssignment(assignment, call.instance.traits) };
}

function reassign(call: Call) {
  const asked = readAssignment(call);
  const assignment = found(asked.existing, notAssigned(asked.projectId, asked.clusterId));
  assignment.scratchStoragePath = asked.scratch;
  assignment.projectStoragePath = asked.storage;
  assignment.modifiedAt = call.instance.clock.now();
  saved(call);
  return { json: presentAssignment(assignment, call.instance.traits) };
}

const notAssigned = (projectId: number, clusterId: number) =>
  `ProjectId '${projectId}' has no reference to ClusterId '${clusterId}'.`;

function unassign(call: Call) {
  const asked = call.read((fields) => ({
    projectId: fields.number('ProjectId'),
    clusterId: fields.number('ClusterId'),
    sessionCode: sessionCodeOf(fields),
  }));
  administrator(call, asked.sessionCode);
  const { world } = call.instance.database;
  const rest = world.assignments.filter(
    (one) => one.projectId !== asked.projectId || one.clusterId !== asked.clusterId,
  );
  if (rest.length === world.assignments.length) {
    throw new HeappeError('validation', notAssigned(asked.projectId, asked.clusterId));
  }
  world.assignments = rest;
  saved(call);
  return { json: 'Removed assignment of the Project to the Cluster.' };
}

function initialize(call: Call) {
  const asked = call.read((fields) => ({
    projectId: fields.number('ProjectId'),
    sessionCode: sessionCodeOf(fields),
  }));
  administrator(call, asked.sessionCode);
  findProject(call, asked.projectId);
  const { world } = call.instance.database;
  const own = world.clusters.filter(({ id }) =>
    world.assignments.some((one) => one.clusterId === id && one.projectId === asked.projectId),
  );
  return { json: own.map(({ name }) => ({ ClusterName: name, IsClusterInitialized: true })) };
}
