import {
  type Activation,
  AppError,
  can,
  type Permission,
  type Project,
  type ProjectName,
  phrases,
} from '@wakefield/domain';
import type { Response } from 'express';
import type { ApiDeps } from '../../deps.ts';
import { principalOf } from '../../http/context.ts';

/**
 * The project, if the caller may do this in it. One that the caller may not see is not there.
 * @throws AppError `project_not_found`, `forbidden`
 */
export async function visibleProject(
  deps: Pick<ApiDeps, 'projects'>,
  res: Response,
  name: ProjectName,
  permission: Permission,
): Promise<Project> {
  const principal = principalOf(res);
  const project = can(principal, 'read', name) ? await deps.projects.get(name) : null;
  if (project === null) {
    const message = `${phrases.noProject(name)}${await remedy(deps, res, name)}`;
    throw new AppError('project_not_found', message, { param: 'project' });
  }
  if (!can(principal, permission, name)) throw forbidden(permission, name);
  return project;
}

/** Only for who may do it: to others the project may be there all the same. */
async function remedy(
  { projects }: Pick<ApiDeps, 'projects'>,
  res: Response,
  name: ProjectName,
): Promise<string> {
  if (!can(principalOf(res), 'manage', name)) return '';
  const tried = (await projects.activations(name)).map(failureWords).join('');
  return `${tried} Activate it: POST /p ${JSON.stringify({ project: name })}`;
}

function failureWords({ cluster, steps }: Activation): string {
  const failed = steps.find(({ status }) => status === 'failed');
  if (failed === undefined) return '';
  const { step, detail, remedy: help } = failed;
  return ` The last try on ${cluster} failed: ${step}: ${detail}${help === null ? '' : ` (${help})`}.`;
}

export function forbidden(permission: Permission, project: ProjectName | null): AppError {
  return new AppError(
    'forbidden',
    project === null
      ? `This key may not ${permission} this installation.`
      : `This key may not ${permission} in project "${project}".`,
  );
}
