import type { TemplateSpec } from './api/templates.ts';
import type { CommandTemplate } from './api/wire-types.ts';
import { PARAMETER } from './specification.ts';

/** What has to be done about a command template, and words for it. */
export type TemplatePlan =
  | { readonly kind: 'good'; readonly template: CommandTemplate; readonly others: number }
  | { readonly kind: 'create' }
  | {
      readonly kind: 'repair';
      readonly template: CommandTemplate;
      /** What is not as it should be, one word each. */
      readonly drifted: readonly string[];
      readonly rewrite: boolean;
      readonly addParameter: boolean;
      readonly removeParameters: readonly number[];
    }
  /** A person made one of that name that is something else. */
  | { readonly kind: 'foreign'; readonly template: CommandTemplate };

/**
 * Compares what the project has with what it needs. Names are not unique there: of several on the node type the oldest
 * is the one that jobs use, and the others are left alone.
 */
export function planTemplate(
  spec: TemplateSpec,
  projectId: number,
  templates: readonly CommandTemplate[],
): TemplatePlan {
  const [template, ...others] = templates
    .filter(
      ({ Name, ClusterNodeTypeId }) =>
        Name === spec.Name && ClusterNodeTypeId === spec.ClusterNodeTypeId,
    )
    .filter(
      ({ ProjectId }) => ProjectId === null || ProjectId === undefined || ProjectId === projectId,
    )
    .toSorted((a, b) => a.Id - b.Id);
  if (template === undefined) return { kind: 'create' };
  if (template.IsGeneric === true || (template.ProjectId ?? null) === null)
    return { kind: 'foreign', template };
  const fields = driftOf(spec, template);
  const parameters = parametersOf(template);
  const drifted = [...fields, ...(parameters.good ? [] : ['parameters'])];
  if (drifted.length === 0) return { kind: 'good', template, others: others.length };
  return {
    kind: 'repair',
    template,
    drifted,
    rewrite: fields.length > 0,
    addParameter: parameters.missing,
    removeParameters: parameters.surplus,
  };
}

const written = ['ExecutableFile', 'PreparationScript', 'ExtendedAllocationCommand'] as const;

function driftOf(spec: TemplateSpec, template: CommandTemplate): readonly string[] {
  const fields: string[] = written.filter((field) => (template[field] ?? '') !== spec[field]);
  return template.IsEnabled === false ? [...fields, 'IsEnabled'] : fields;
}

/**
 * Exactly ours, and in the command line. A parameter with a query of its own would need no value, and jobs that give
 * one would not be asked; so it goes, too.
 */
function parametersOf({ TemplateParameters, CommandParameters }: CommandTemplate) {
  const ours = TemplateParameters.filter(
    ({ Identifier, Query }) => Identifier === PARAMETER && !Query,
  );
  const [kept] = ours;
  const surplus = TemplateParameters.filter((parameter) => parameter !== kept).flatMap(
    ({ Id }) => Id ?? [],
  );
  const inLine = (CommandParameters ?? '').trim() === `%%{${PARAMETER}}`;
  return {
    missing: kept === undefined,
    surplus,
    good: kept !== undefined && surplus.length === 0 && inLine,
  };
}
