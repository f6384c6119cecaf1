import { HeappeError } from '../http/heappe-error.ts';
import { type Call, type Route, sessionCodeOf } from '../http/routes.ts';
import type { Instance } from '../instance.ts';
import { presentParameter } from '../world/present.ts';
import {
  append,
  commandLine,
  findTemplate,
  managed,
  readParameter,
  written,
} from './template-access.ts';

const path = (action: string) => `Management/${action}`;

/** ManagementController: parameters of command templates, one by one. */
export const templateParameterRoutes: readonly Route[] = [
  { method: 'POST', path: path('CommandTemplateParameter'), limit: 500, handle: addParameter },
  { method: 'PUT', path: path('CommandTemplateParameter'), limit: 500, handle: modifyParameter },
  { method: 'DELETE', path: path('CommandTemplateParameter'), limit: 100, handle: removeParameter },
];

function addParameter(call: Call) {
  const { instance } = call;
  const asked = call.read((fields) => ({
    ...readParameter(fields),
    templateId: fields.number('CommandTemplateId'),
    sessionCode: sessionCodeOf(fields),
  }));
  if (asked.identifier === '') throw new HeappeError('validation', 'Identifier cannot be empty.');
  const template = findTemplate(instance, asked.templateId);
  managed(call, template.projectId, asked.sessionCode);
  if (template.parameters.some((one) => one.identifier === asked.identifier)) {
    throw new HeappeError(
      'validation',
      'CommandTemplateAlreadyParameterExists',
      'The specified command template parameter already exists.',
    );
  }
  const { identifier, query, description } = asked;
  const parameter = append(instance, template, { identifier, query, description });
  written(instance);
  return { json: presentParameter(parameter) };
}

function findParameter({ database }: Instance, id: number) {
  for (const template of database.world.templates) {
    const parameter = template.parameters.find((one) => one.id === id);
    if (parameter !== undefined) return { template, parameter };
  }
  throw new HeappeError(
    'validation',
    'CommandTemplateParameterNotFound',
    `The specified command template parameter with id '${id}' is not defined in the HEAppE.`,
  );
}

function modifyParameter(call: Call) {
  const { instance } = call;
  const { id, sessionCode, ...asked } = call.read((fields) => ({
    ...readParameter(fields),
    id: fields.number('Id'),
    sessionCode: sessionCodeOf(fields),
  }));
  const { template, parameter } = findParameter(instance, id);
  managed(call, template.projectId, sessionCode);
  const { identifier, ...rest } = asked;
  // A name that is taken is passed over, and the rest is changed.
  if (!template.parameters.some((one) => one.identifier === identifier)) {
    template.commandParameters = template.commandParameters.replaceAll(
      `%%{${parameter.identifier}}`,
      `%%{${identifier}}`,
    );
    parameter.identifier = identifier;
  }
  Object.assign(parameter, rest);
  written(instance);
  return { json: presentParameter(parameter) };
}

function removeParameter(call: Call) {
  const { instance } = call;
  const asked = call.read((fields) => ({
    id: fields.number('Id'),
    sessionCode: sessionCodeOf(fields),
  }));
  const { template, parameter } = findParameter(instance, asked.id);
  managed(call, template.projectId, asked.sessionCode);
  template.parameters.splice(template.parameters.indexOf(parameter), 1);
  template.commandParameters = commandLine(template);
  written(instance);
  return { json: 'CommandTemplateParameter was deleted.' };
}
