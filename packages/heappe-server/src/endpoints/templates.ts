import type { Fields } from '../http/fields.ts';
import { HeappeError } from '../http/heappe-error.ts';
import { type Call, type Route, sessionCodeOf, usualLimit } from '../http/routes.ts';
import type { Instance } from '../instance.ts';
import type { VersionTraits } from '../versions.ts';
import { presentExtendedTemplate } from '../world/present.ts';
import type { Template } from '../world/types.ts';
import { append, findTemplate, managed, readParameter, written } from './template-access.ts';

const path = (action: string) => `Management/${action}`;

/** ManagementController: command templates, only those that are no script of a user's. */
export const templateRoutes = ({ template: { bytes } }: VersionTraits): readonly Route[] => [
  { method: 'GET', path: path('CommandTemplates'), limit: usualLimit, handle: list },
  { method: 'GET', path: path('CommandTemplate'), limit: usualLimit, handle: one },
  { method: 'POST', path: path('CommandTemplate'), limit: bytes, handle: create },
  { method: 'PUT', path: path('CommandTemplate'), limit: bytes, handle: modify },
  { method: 'DELETE', path: path('RemoveCommandTemplate'), limit: 90, handle: remove },
];

function list(call: Call) {
  const projectId = call.number('projectId');
  managed(call, projectId, call.text('sessionCode'));
  const { templates } = call.instance.database.world;
  const own = templates.filter(
    (entry) => !entry.isDeleted && (entry.projectId === null || entry.projectId === projectId),
  );
  return { json: own.map(presentExtendedTemplate) };
}

function one(call: Call) {
  const template = findTemplate(call.instance, call.number('id'));
  managed(call, template.projectId, call.text('sessionCode'));
  return { json: presentExtendedTemplate(template) };
}

const readCommon = (fields: Fields, { template: limits }: VersionTraits) => ({
  name: fields.requiredText('Name', limits.name),
  description: fields.text('Description', limits.description) ?? '',
  extendedAllocationCommand: fields.text('ExtendedAllocationCommand', limits.allocation) ?? '',
  executableFile: fields.requiredText('ExecutableFile', limits.executable),
  preparationScript: fields.text('PreparationScript', limits.preparation) ?? '',
  clusterNodeTypeId: fields.number('ClusterNodeTypeId'),
  sessionCode: sessionCodeOf(fields),
});

function checkExecutable(file: string): void {
  if (/[^A-Za-z0-9_\-\s\\/.~]/.test(file)) {
    throw new HeappeError('validation', 'ExecutableFile contains illegal characters.');
  }
}

/** @throws HeappeError 404 for a node type that is unknown or whose cluster is not the project's */
function checkPlace({ database }: Instance, nodeTypeId: number, projectId: number | null): void {
  const { world } = database;
  const nodeType = world.nodeTypes.find(({ id }) => id === nodeTypeId);
  if (nodeType === undefined) {
    throw new HeappeError(
      'validation',
      'ClusterNodeTypeNotExists',
      `Requested cluster node type with Id '${nodeTypeId}' does not exist in the HEAppE.`,
    );
  }
  const assigned = world.assignments.some(
    (entry) => entry.clusterId === nodeType.clusterId && entry.projectId === projectId,
  );
  if (!assigned && projectId !== null) {
    throw new HeappeError(
      'validation',
      'ClusterProjectCombinationNotFound',
      `Requested combination for cluster Id '${nodeType.clusterId}' with Project Id '${projectId}' has no reference in the HEAppE or there is not active account.`,
    );
  }
}

function create(call: Call) {
  const { instance } = call;
  const asked = call.read((fields) => ({
    ...readCommon(fields, instance.traits),
    projectId: fields.number('ProjectId'),
    parameters: fields.objects('TemplateParameters', readParameter),
  }));
  if (asked.parameters?.some(({ identifier }) => identifier === '') === true) {
    throw new HeappeError('validation', 'Identifier cannot be empty.');
  }
  checkExecutable(asked.executableFile);
  managed(call, asked.projectId, asked.sessionCode);
  if (asked.parameters === null) throw new HeappeError('internal', 'null');
  checkPlace(instance, asked.clusterNodeTypeId, asked.projectId);
  const { sessionCode: _, parameters, ...rest } = asked;
  const template = insert(instance, rest);
  // The template is saved first; the answer is made before its parameters are looked at again.
  for (const parameter of parameters) append(instance, template, parameter);
  written(instance);
  const answer = presentExtendedTemplate(template);
  return { json: { ...answer, CommandParameters: '' } };
}

function insert(
  { database }: Instance,
  fields: Pick<
    Template,
    | 'name'
    | 'description'
    | 'extendedAllocationCommand'
    | 'executableFile'
    | 'preparationScript'
    | 'clusterNodeTypeId'
    | 'projectId'
  >,
): Template {
  const template: Template = {
    ...fields,
    id: database.nextId('template'),
    commandParameters: '',
    isEnabled: true,
    isDeleted: false,
    parameters: [],
  };
  database.world.templates.push(template);
  return template;
}

function modify(call: Call) {
  const { instance } = call;
  const asked = call.read((fields) => ({
    ...readCommon(fields, instance.traits),
    id: fields.number('Id'),
    isEnabled: fields.flag('IsEnabled'),
  }));
  checkExecutable(asked.executableFile);
  const template = findTemplate(instance, asked.id);
  managed(call, template.projectId, asked.sessionCode);
  checkPlace(instance, asked.clusterNodeTypeId, template.projectId);
  const { sessionCode: _session, id: _id, ...rest } = asked;
  Object.assign(template, rest);
  written(instance);
  return { json: presentExtendedTemplate(template) };
}

function remove(call: Call) {
  const asked = call.read((fields) => ({
    id: fields.number('CommandTemplateId'),
    sessionCode: sessionCodeOf(fields),
  }));
  const template = findTemplate(call.instance, asked.id);
  managed(call, template.projectId, asked.sessionCode);
  template.isDeleted = true;
  written(call.instance);
  return { json: 'CommandTemplate was deleted.' };
}
