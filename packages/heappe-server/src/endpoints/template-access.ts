import type { Fields } from '../http/fields.ts';
import { HeappeError } from '../http/heappe-error.ts';
import type { Call } from '../http/routes.ts';
import type { Instance } from '../instance.ts';
import { requireRole } from '../people/roles.ts';
import type { Template, TemplateParameter } from '../world/types.ts';

/** @throws HeappeError 401 for who is no manager of the project, 404 for a project that is none */
export function managed(call: Call, projectId: number | null, sessionCode: string | null): void {
  const { instance } = call;
  const user = call.caller(sessionCode);
  const project = instance.database.world.projects.find(({ id }) => id === projectId);
  requireRole(user, 'Manager', project, null);
}

export function findTemplate({ database }: Instance, id: number): Template {
  const template = database.world.templates.find((entry) => entry.id === id && !entry.isDeleted);
  if (template !== undefined) return template;
  throw new HeappeError(
    'validation',
    'CommandTemplateNotFound',
    'The specified command template is not defined in the HEAppE.',
  );
}

/** Every write through this instance empties its caches. */
export function written(instance: Instance): void {
  instance.cache.clear();
  instance.database.save();
}

export const readParameter = (fields: Fields) => ({
  identifier: fields.text('Identifier', 20) ?? '',
  query: fields.text('Query', 200) ?? '',
  description: fields.text('Description', 200) ?? '',
});

/**
 * The command line is made anew from all parameters, but not when the name is a part of what stands there already (HEAppE
 * asks with Contains): such a parameter is missing on it until the next one comes.
 */
export function append(
  { database }: Instance,
  template: Template,
  fields: Omit<TemplateParameter, 'id'>,
): TemplateParameter {
  const parameter = { ...fields, id: database.nextId('parameter') };
  template.parameters.push(parameter);
  if (!template.commandParameters.includes(parameter.identifier)) {
    template.commandParameters = commandLine(template);
  }
  return parameter;
}

export const commandLine = ({ parameters }: Template): string =>
  parameters.map(({ identifier }) => `%%{${identifier}}`).join(' ');
