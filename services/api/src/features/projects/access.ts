import {
  type Activation,
  AppError,
  decideAccess,
  type Project,
  type ProjectName,
  phrases,
} from '@wakefield/domain';
import type { Response } from 'express';
import type { ApiDeps } from '../../deps.ts';
import { principalOf } from '../../http/context.ts';

/**
 * The project, for a caller who may know of it.
 * @throws AppError `project_not_found`
 */
export async function existingProject(
  deps: Pick<ApiDeps, 'projects'>,
  res: Response,
  name: ProjectName,
): Promise<Project> {
  const project = await deps.projects.get(name);
  if (project !== null) return project;
  const message = `${phrases.noProject(name)}${await remedy(deps, res, name)}`;
  throw new AppError('project_not_found', message, { param: 'project' });
}

/** Only for who may do it. */
async function remedy(
  { projects }: Pick<ApiDeps, 'projects'>,
  res: Response,
  name: ProjectName,
): Promise<string> {
  if (decideAccess(principalOf(res), 'activateProject', name) !== 'granted') return '';
  const tried = (await projects.activations(name)).map(failureWords).join('');
  return `${tried} Activate it: POST /p ${JSON.stringify({ project: name })}`;
}

/** There is no project yet to show it of, so all of it is told here. */
function failureWords({ cluster, steps }: Activation): string {
  const failed = steps.find(({ status }) => status === 'failed');
  if (failed === undefined) return '';
  const { step, detail, remedy: help } = failed;
  const done = steps.filter(({ status }) => status === 'done');
  const before = done.map((one) => `${one.step}: ${one.detail}`).join('; ');
  const found = before === '' ? '' : ` Before that: ${before}.`;
  return ` The last try on ${cluster} failed: ${step}: ${detail}${help === null ? '' : ` (${help})`}.${found}`;
}
