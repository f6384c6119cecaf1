import type { Endpoint } from '@wakefield/contracts';
import {
  type Access,
  AppError,
  decideAccess,
  type OperationName,
  type ProjectName,
  phrases,
  rights,
} from '@wakefield/domain';
import type { RequestHandler, Response } from 'express';
import { principalOf } from './context.ts';

/** Longest name that is repeated to its caller: none of ours is longer. */
const shownLength = 64;

/**
 * Refuses who may not do this, on the head alone. An operation that names its project in the body asks
 * {@link authorize} itself once it is read, and the pages of operators have a way in of their own.
 */
export function checkAccess({ operationId, tag, params }: Endpoint): readonly RequestHandler[] {
  const operation = operationNamed(operationId);
  const right = rights[operation];
  if (right === 'open' || tag === 'Operations') return [];
  const inPath = params !== undefined && 'project' in params.shape;
  if (typeof right === 'object' && right.in === 'project' && !inPath) return [];
  return [
    (req, res, next) => {
      const { project } = req.params;
      authorize(res, operation, typeof project === 'string' ? project : null);
      next();
    },
  ];
}

/** @throws AppError `project_not_found` where the project is another's, `forbidden` */
export function authorize(
  res: Response,
  operation: OperationName,
  project: ProjectName | null,
): void {
  const refusal = refusalOf(decideAccess(principalOf(res), operation, project), operation, project);
  if (refusal !== null) throw refusal;
}

/** What a decision of the domain is to its caller; null when granted. */
export function refusalOf(
  access: Access,
  operation: OperationName,
  project: ProjectName | null,
): AppError | null {
  switch (access) {
    case 'granted':
      return null;
    case 'hidden':
      return new AppError(
        'project_not_found',
        phrases.noProject((project ?? '').slice(0, shownLength)),
        {
          param: 'project',
        },
      );
    case 'forbidden':
      return forbidden(operation, project);
    case 'unknown':
      return new AppError('invalid_api_key', phrases.keyMissing);
  }
}

function forbidden(operation: OperationName, project: ProjectName | null): AppError {
  const right = rights[operation];
  const verb = typeof right === 'object' ? right.permission : 'read';
  const where = project === null ? 'this installation' : `in project "${project}"`;
  return new AppError('forbidden', `This key may not ${verb} ${where}.`);
}

/** @throws when the domain knows no such operation, which a test of the contract would have told */
function operationNamed(operationId: string): OperationName {
  if (!Object.hasOwn(rights, operationId)) throw new Error(`no right is said for ${operationId}`);
  return operationId as OperationName;
}
