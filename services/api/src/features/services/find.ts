import { parseInput, serviceParams, serviceQuery } from '@wakefield/contracts';
import type { ServiceWithJobs } from '@wakefield/control';
import {
  AppError,
  decideAccess,
  meantService,
  type OperationName,
  phrases,
} from '@wakefield/domain';
import type { Request, Response } from 'express';
import { authorize } from '../../http/authorize.ts';
import { principalOf } from '../../http/context.ts';
import { type LookUpDeps, lookUp } from './look-up.ts';
import { projectsInView } from './project.ts';

/**
 * The service that `:id` of the path means to this caller (`meantService`), by its own id or by that of one of its jobs.
 * Others of that id are named in `X-Ambiguous-Id`; `?cluster=` and `X-Project` choose. A start that is only accepted is one, too.
 * @throws AppError `service_not_found`, also of what is another's; `forbidden`; `project_not_found` of `X-Project`
 */
export async function findService(
  deps: LookUpDeps,
  req: Request,
  res: Response,
  operation: OperationName,
): Promise<ServiceWithJobs> {
  const projects = projectsInView(req, res, operation);
  const { id } = parseInput(serviceParams, req.params, 'path');
  const { cluster } = parseInput(serviceQuery.pick({ cluster: true }).strip(), req.query, 'query');
  const found = await lookUp(deps, asStored(id), projects, cluster ?? null);
  const principal = principalOf(res);
  const meant = meantService(
    found,
    ({ service }) => service.state,
    ({ service }) => decideAccess(principal, operation, service.project) === 'granted',
  );
  if (meant === null) throw noService(id, 'id');
  authorize(res, operation, meant.service.project);
  const others = found.filter((one) => one !== meant).map(({ service }) => service.id);
  if (others.length > 0) res.set('X-Ambiguous-Id', others.join(', '));
  return meant;
}

/** @param param where it was named: in the path, or as the place from which a page goes on */
export function noService(id: string, param: string): AppError {
  return new AppError('service_not_found', phrases.noService(id), { param });
}

/** UUIDs are kept in small letters; ids of clusters are theirs. */
function asStored(id: string): string {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id) ? id.toLowerCase() : id;
}
