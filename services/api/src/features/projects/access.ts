import { AppError, decideAccess, type Project, type ProjectName, phrases } from '@wakefield/domain';
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
  throw new AppError('project_not_found', `${phrases.noProject(name)}${remedy(res, name)}`, {
    param: 'project',
  });
}

/** Only for who may do it. */
function remedy(res: Response, name: ProjectName): string {
  if (decideAccess(principalOf(res), 'activateProject', name) !== 'granted') return '';
  return ` Activate it: POST /p ${JSON.stringify({ project: name })}`;
}
