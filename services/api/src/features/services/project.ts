import { parseInput, projectName } from '@wakefield/contracts';
import {
  AppError,
  decideAccess,
  defaultProject,
  isAppError,
  type OperationName,
  type Project,
  type ProjectName,
} from '@wakefield/domain';
import type { Request, Response } from 'express';
import type { ApiDeps } from '../../deps.ts';
import { authorize } from '../../http/authorize.ts';
import { principalOf } from '../../http/context.ts';
import { existingProject } from '../projects/access.ts';

/** The header by which a call that says of no project in its path may name one. */
const HEADER = 'X-Project';

/**
 * Projects whose services a caller asks about: the one that they name, else all that they may read.
 * @param inQuery as the header
 * @returns null: all
 * @throws AppError `project_not_found` where the one that they name is another's; `forbidden`; `invalid_request` where
 * they name two
 */
export function projectsInView(
  req: Request,
  res: Response,
  operation: OperationName,
  inQuery?: ProjectName,
): readonly ProjectName[] | null {
  const inHeader = namedIn(req);
  if (inHeader !== null && inQuery !== undefined && inHeader !== inQuery) {
    const message = `project is "${inQuery}", and ${HEADER} is "${inHeader}": name one project.`;
    throw new AppError('invalid_request', message, { param: 'project' });
  }
  const named = inQuery ?? inHeader;
  if (named !== null) {
    authorizeNamed(res, operation, named, inQuery === undefined ? HEADER : 'project');
    return [named];
  }
  const principal = principalOf(res);
  const granted = principal.grants.map(({ project }) => project);
  if (granted.includes('*')) return null;
  return granted.filter((name) => decideAccess(principal, 'listServices', name) === 'granted');
}

/**
 * The project in which something new is to be: the one that is named, else the caller's default.
 * @throws AppError `project_not_found`, `forbidden`
 */
export async function projectFor(
  deps: Pick<ApiDeps, 'projects'>,
  req: Request,
  res: Response,
  operation: OperationName,
): Promise<Project> {
  const named = namedIn(req);
  const name = named ?? (await defaultFor(deps, res, operation));
  try {
    authorize(res, operation, name);
    return await existingProject(deps, res, name);
  } catch (error) {
    throw inWordsOf(HEADER, error, named === null ? ' It is your default project.' : '');
  }
}

async function defaultFor(
  deps: Pick<ApiDeps, 'projects'>,
  res: Response,
  operation: OperationName,
): Promise<ProjectName> {
  const principal = principalOf(res);
  const projects = await deps.projects.list();
  const name = defaultProject(principal, operation, projects);
  if (name !== null) return name;
  if (projects.some((one) => decideAccess(principal, 'listServices', one.name) === 'granted'))
    throw new AppError('forbidden', 'This key may not manage any project.');
  throw new AppError(
    'project_not_found',
    'You have no project here. Activate one: POST /p {"project": NAME}',
    { param: HEADER },
  );
}

function namedIn({ headers }: Request): ProjectName | null {
  const header = headers['x-project'];
  if (header === undefined) return null;
  try {
    return parseInput(projectName, header, 'headers');
  } catch (error) {
    if (!isAppError(error)) throw error;
    const message = error.message.replace('The headers', HEADER);
    throw new AppError('invalid_request', message, { param: HEADER });
  }
}

function authorizeNamed(
  res: Response,
  operation: OperationName,
  project: ProjectName,
  param: string,
): void {
  try {
    authorize(res, operation, project);
  } catch (error) {
    throw inWordsOf(param, error);
  }
}

/** Who names a project in a header hears of that header. */
function inWordsOf(param: string, error: unknown, remark = ''): unknown {
  if (!isAppError(error) || !['project_not_found', 'forbidden'].includes(error.code)) return error;
  const told = error.param === 'project' ? { param } : {};
  return new AppError(error.code, `${error.message}${remark}`, told);
}
