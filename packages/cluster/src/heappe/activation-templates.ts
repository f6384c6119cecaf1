import type { HeappeConfig } from '../config/heappe.ts';
import { planTemplate, type TemplatePlan } from './activation-plan.ts';
import type { TemplateSpec } from './api/templates.ts';
import type { ClusterInfo, CommandTemplate, ProjectInfo } from './api/wire-types.ts';
import type { HeappeClient } from './client.ts';
import { HeappeError } from './failures.ts';
import type { Features } from './features.ts';
import { PARAMETER } from './specification.ts';

/** What a person without the role has to ask for, in the words of both worlds. */
const MANAGER =
  'a person with the role Manager in this project has to activate it, or give our user that role (in LEXIS: the permission heappe_manager)';

/** A step of an activation that a person has to help with. */
export class StepFailed extends Error {
  readonly remedy: string;
  constructor(detail: string, remedy: string) {
    super(detail);
    this.name = 'StepFailed';
    this.remedy = remedy;
  }
}

type Work = Exclude<TemplatePlan, { kind: 'good' | 'foreign' }>;

/** Whether to make and repair what is missing, or only to look. */
export type ActivationMode = 'make' | 'look';

export interface Manage {
  readonly config: HeappeConfig;
  readonly client: HeappeClient;
  readonly project: ProjectInfo;
  readonly nodeTypeId: number;
  readonly mode: ActivationMode;
}

/**
 * Makes or repairs one command template, as far as it has to be.
 * @returns what was found and done
 * @throws StepFailed
 */
export async function ensureTemplate(
  manage: Manage,
  name: string,
  clusters: readonly ClusterInfo[],
  signal: AbortSignal,
): Promise<string> {
  const { client, project, nodeTypeId } = manage;
  checkLengths(manage.config, name, await client.features(signal));
  const templates = await asManager(() => client.templates.list(project.Id, signal));
  if (templates === null) return unseenTemplate(manage, name, clusters);
  const spec = specOf(manage.config, name, nodeTypeId);
  const plan = planTemplate(spec, project.Id, templates);
  switch (plan.kind) {
    case 'good':
      return goodWords(plan);
    case 'foreign':
      throw new StepFailed(
        `template ${plan.template.Id} has that name and is not the project's own, or generic`,
        'choose another name in clusters.yaml (template.name)',
      );
    default:
      return await mend(manage, spec, plan, signal);
  }
}

/** Whoever may not look at templates still sees which there are. */
function unseenTemplate(manage: Manage, name: string, clusters: readonly ClusterInfo[]): string {
  if (isListed(clusters, manage, name))
    return 'it is there; only a Manager sees whether it is as it should be';
  throw new StepFailed('it is not there, and our user may not make it', MANAGER);
}

async function mend(
  { client, project, mode }: Manage,
  spec: TemplateSpec,
  plan: Work,
  signal: AbortSignal,
): Promise<string> {
  const found =
    plan.kind === 'create'
      ? 'it is not there'
      : `it is not as it should be (${plan.drifted.join(', ')})`;
  if (mode === 'look')
    throw new StepFailed(
      found,
      'activate the project: POST /p with its name and this cluster makes and repairs templates',
    );
  const done = await asManager(() => carryOut(client, project.Id, spec, plan, signal));
  if (done === null) throw new StepFailed(`${found}, and our user may not change that`, MANAGER);
  const after = planTemplate(spec, project.Id, await client.templates.list(project.Id, signal));
  if (after.kind === 'good') return `${done}; ${goodWords(after)}`;
  throw new StepFailed(
    `${done}, and it is still not as it should be (${after.kind === 'repair' ? after.drifted.join(', ') : after.kind})`,
    `remove the template ${spec.Name} in HEAppE and activate the project again`,
  );
}

/** @returns what was done */
async function carryOut(
  { templates }: HeappeClient,
  projectId: number,
  spec: TemplateSpec,
  plan: Work,
  signal: AbortSignal,
): Promise<string> {
  if (plan.kind === 'create') {
    const made = await templates.create(projectId, spec, [PARAMETER], signal);
    return await withoutDouble(templates, made.Id, projectId, spec, signal);
  }
  const { Id } = plan.template;
  if (plan.rewrite) await templates.update(Id, spec, signal);
  for (const parameter of plan.removeParameters) await templates.removeParameter(parameter, signal);
  if (plan.addParameter) await templates.addParameter(Id, PARAMETER, signal);
  return `repaired (${plan.drifted.join(', ')})`;
}

/** Names are not unique, and another process may have made it at the same time: then the younger one goes again. */
async function withoutDouble(
  templates: HeappeClient['templates'],
  madeId: number,
  projectId: number,
  spec: TemplateSpec,
  signal: AbortSignal,
): Promise<string> {
  const plan = planTemplate(spec, projectId, await templates.list(projectId, signal));
  const others = plan.kind === 'create' || plan.template.Id === madeId;
  if (others) return 'made';
  await templates.remove(madeId, signal);
  return 'somebody else has made it';
}

/** @throws StepFailed, for what this version does not take */
function checkLengths(
  { template }: HeappeConfig,
  name: string,
  { template: most }: Features,
): void {
  const texts = [
    ['its name', name, most.name],
    ['template.allocation', template.allocation, most.allocation],
    ['template.preparation', template.preparation, most.preparation],
  ] as const;
  for (const [what, text, limit] of texts)
    if (text.length > limit)
      throw new StepFailed(
        `${what} has ${text.length} characters, this version of HEAppE takes ${limit}`,
        `shorten ${what} in clusters.yaml`,
      );
}

/** The same template for all engines: bash runs a file of the job's own directory. */
function specOf({ template }: HeappeConfig, name: string, nodeTypeId: number): TemplateSpec {
  return {
    Name: name,
    Description: 'Runs a file of the directory of the job (Wakefield)',
    ExtendedAllocationCommand: template.allocation,
    ExecutableFile: '/bin/bash',
    PreparationScript: template.preparation,
    ClusterNodeTypeId: nodeTypeId,
  };
}

/** null: we may not. */
async function asManager<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof HeappeError && (error.status === 401 || error.status === 403)) return null;
    throw error;
  }
}

function isListed(
  clusters: readonly ClusterInfo[],
  { project, nodeTypeId }: Manage,
  name: string,
): boolean {
  return clusters
    .flatMap(({ NodeTypes }) => NodeTypes)
    .filter(({ Id }) => Id === nodeTypeId)
    .flatMap(({ Projects }) => Projects)
    .filter(({ Id }) => Id === project.Id)
    .some(({ CommandTemplates }) =>
      CommandTemplates.some(({ Name, IsEnabled }) => Name === name && IsEnabled !== false),
    );
}

function goodWords({ template, others }: { template: CommandTemplate; others: number }): string {
  const more = others === 0 ? '' : `; ${others} more of that name are not used`;
  return `it is template ${template.Id}, as it should be${more}`;
}
