import { parseInput, serviceParams, serviceQuery } from '@wakefield/contracts';
import type { ServiceWithJobs } from '@wakefield/control';
import {
  AppError,
  decideAccess,
  isAppError,
  type OperationName,
  phrases,
  type Service,
} from '@wakefield/domain';
import type { Request, Response } from 'express';
import type { ApiDeps } from '../../deps.ts';
import { authorize } from '../../http/authorize.ts';
import { principalOf } from '../../http/context.ts';
import { projectsInView } from './project.ts';

/**
 * The service that `:id` of the path means to this caller, by its own id or by that of one of its jobs. Of several
 * the first that is not over, then the newest, but one on which they may do this before others; those that are not meant
 * are named in `X-Ambiguous-Id`. `?cluster=` and `X-Project` choose.
 * @throws AppError `service_not_found`, also of what is another's; `forbidden`; `project_not_found` of `X-Project`
 */
export async function findService(
  deps: Pick<ApiDeps, 'services'>,
  req: Request,
  res: Response,
  operation: OperationName,
): Promise<ServiceWithJobs> {
  const projects = projectsInView(req, res, operation);
  const { id } = parseInput(serviceParams, req.params, 'path');
  const { cluster } = parseInput(serviceQuery.pick({ cluster: true }).strip(), req.query, 'query');
  const found = await deps.services.lookUp(asStored(id), projects, cluster ?? null);
  const principal = principalOf(res);
  const meant =
    found.find(
      ({ service }) => decideAccess(principal, operation, service.project) === 'granted',
    ) ?? found[0];
  if (meant === undefined) throw noService(id, 'id');
  authorize(res, operation, meant.service.project);
  const others = found.filter((one) => one !== meant).map(({ service }) => service.id);
  if (others.length > 0) res.set('X-Ambiguous-Id', others.join(', '));
  return meant;
}

/** As `findService`; null where there is none, or none that they may know of. */
export async function findServiceIfAny(
  ...asked: Parameters<typeof findService>
): Promise<ServiceWithJobs | null> {
  return await findService(...asked).catch((error: unknown) => {
    if (isAppError(error) && error.code === 'service_not_found') return null;
    throw error;
  });
}

/**
 * The start that was accepted under this uuid and is not applied yet: nothing is to be seen of its service, but it can
 * be taken back, as commands of one service are applied in their order.
 * @throws AppError as `findService`
 */
export async function findStart(
  deps: Pick<ApiDeps, 'commands'>,
  req: Request,
  res: Response,
  operation: OperationName,
): Promise<Pick<Service, 'id' | 'project'>> {
  const projects = projectsInView(req, res, operation);
  const { id } = parseInput(serviceParams, req.params, 'path');
  const command = await deps.commands.get(asStored(id));
  // One that was applied since its service was looked for has one now.
  const isStart = command?.body.kind === 'startService' && command.outcome?.status !== 'rejected';
  if (!isStart || projects?.includes(command.project) === false) throw noService(id, 'id');
  authorize(res, operation, command.project);
  return { id: command.id, project: command.project };
}

/** @param param where it was named: in the path, or as the place from which a page goes on */
export function noService(id: string, param: string): AppError {
  return new AppError('service_not_found', phrases.noService(id), { param });
}

/** UUIDs are kept in small letters; ids of clusters are theirs. */
function asStored(id: string): string {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id) ? id.toLowerCase() : id;
}
