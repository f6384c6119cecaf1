import { parseInput, projectName } from '@wakefield/contracts';
import {
  AppError,
  decideAccess,
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
 * @param inQuery goes before the header
 * @returns null: all
 * @throws AppError `project_not_found` where the one that they name is another's; `forbidden`
 */
export function projectsInView(
  req: Request,
  res: Response,
  operation: OperationName,
  inQuery?: ProjectName,
): readonly ProjectName[] | null {
  const named = inQuery ?? namedIn(req);
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
 * The project in which something new is to be: the one that is named, else the only one in which its caller may do it.
 * @throws AppError `project_not_found`, `forbidden`; `invalid_request` where there are several, which names them
 */
export async function projectFor(
  deps: Pick<ApiDeps, 'projects'>,
  req: Request,
  res: Response,
  operation: OperationName,
): Promise<Project> {
  const named = namedIn(req);
  if (named !== null) {
    authorizeNamed(res, operation, named, HEADER);
    return await existingProject(deps, res, named).catch((error) => {
      throw inWordsOf(HEADER, error);
    });
  }
  const principal = principalOf(res);
  const may = (asked: OperationName, { name }: Project) =>
    decideAccess(principal, asked, name) === 'granted';
  const visible = (await deps.projects.list()).filter((project) => may('listServices', project));
  const [only, ...others] = visible.filter((project) => may(operation, project));
  if (only === undefined) throw noneFor(visible);
  if (others.length === 0) return only;
  const choices = [only, ...others].map(({ name }) => name);
  throw new AppError(
    'invalid_request',
    `${HEADER} is required: you have several projects. Name one of ${listed(choices)}.`,
    { param: HEADER },
  );
}

function noneFor(visible: readonly Project[]): AppError {
  if (visible.length > 0) return new AppError('forbidden', 'This key may not manage any project.');
  return new AppError(
    'project_not_found',
    'You have no project here. Activate one: POST /p {"project": NAME}',
    { param: HEADER },
  );
}

/** More than these help nobody. */
const MOST_CHOICES = 20;

function listed(names: readonly ProjectName[]): string {
  const more = names.length - MOST_CHOICES;
  const shown = names.slice(0, MOST_CHOICES).join(', ');
  return more > 0 ? `${shown} and ${more} more (GET /p)` : shown;
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
function inWordsOf(param: string, error: unknown): unknown {
  if (!isAppError(error) || error.param !== 'project') return error;
  return new AppError(error.code, error.message, { param });
}
