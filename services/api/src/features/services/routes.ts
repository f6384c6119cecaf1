import {
  listServicesQuery,
  listVllmServicesQuery,
  parseInput,
  startServiceBody,
  statesOf,
} from '@wakefield/contracts';
import type { ServiceFilter, ServiceWithJobs, ServiceWithStatus } from '@wakefield/control';
import {
  AppError,
  type ClusterName,
  type Command,
  isOver,
  type Project,
  type ServiceId,
} from '@wakefield/domain';
import type { Request, Response } from 'express';
import type { ApiDeps } from '../../deps.ts';
import type { Binder } from '../../http/bind.ts';
import { announceNext } from '../../http/page.ts';
import { servicePath } from '../../http/paths.ts';
import { answerAccepted, type ChangeDeps, change, replayed } from '../commands/change.ts';
import { findService, noService } from './find.ts';
import { presentService, presentStatus } from './presenter.ts';
import { projectFor, projectsInView } from './project.ts';
import { publicUrlOf } from './public-url.ts';
import { specFrom } from './spec.ts';
import { awaitJobId, refusedByCluster } from './start.ts';

const PATH = '/api/v1/services';
const VLLM_PATH = '/api/v1/vllm/services';
const DEFAULT_LIMIT = 50;

export type ServiceDeps = ChangeDeps &
  Pick<ApiDeps, 'projects' | 'services' | 'serviceRecipes' | 'clusters'> &
  Pick<ApiDeps, 'serviceWaitMs' | 'publicUrl' | 'ending'>;

/** Services are started, listed, looked at and stopped. Their logs have routes of their own. */
export function serviceRoutes({ bind }: Binder, deps: ServiceDeps): void {
  const present = (req: Request, found: ServiceWithJobs) =>
    presentService(found, publicUrlOf(deps.publicUrl, req));

  bind('startService', async (req, res) => {
    // Recipes and bounds may have changed since: a request is the same when its caller sent the same.
    const asked = { kind: 'startService', project: req.get('x-project') ?? null, body: req.body };
    const command =
      (await replayed(deps, req, res, 'startService', asked)) ??
      (await startAnew(deps, req, res, asked));
    const started = command.outcome === null ? null : await startedBy(deps, res, command.id);
    if (started === null) {
      answerAccepted(res, command);
      return;
    }
    res.location(servicePath(command.id));
    const refusal = refusedByCluster(started);
    if (refusal !== null) throw refusal;
    res.status(201).json(present(req, started));
  });

  bind('listServices', async (req, res) => {
    const query = parseInput(listServicesQuery, req.query, 'query');
    const filter = { states: statesOf(query.status), recipe: query.recipe_name ?? null };
    const found = await pageOf(deps, req, res, PATH, { ...query, filter });
    res.json(found.map((one) => present(req, one)));
  });

  bind('listVllmServices', async (req, res) => {
    const query = parseInput(listVllmServicesQuery, req.query, 'query');
    const filter = { states: ['running' as const], recipe: 'inference/vllm' };
    const found = await pageOf(deps, req, res, VLLM_PATH, { ...query, filter });
    res.json(found.map((one) => present(req, one)));
  });

  bind('getService', async (req, res) => {
    res.json(present(req, await findService(deps, req, res, 'getService')));
  });

  bind('getServiceStatus', async (req, res) => {
    res.json(presentStatus(await findService(deps, req, res, 'getServiceStatus')));
  });

  bind('stopService', async (req, res) => {
    const found = await findService(deps, req, res, 'stopService');
    const { id, project } = found.service;
    const body = { kind: 'stopService', serviceId: id } as const;
    const command = isToStop(found.service)
      ? await change(deps, req, res, project, body)
      : await replayed(deps, req, res, 'stopService', body);
    if (command !== null && command.outcome === null) {
      answerAccepted(res, command);
      return;
    }
    const [now = found] = await deps.services.lookUp(id, null, null);
    res.json(present(req, now));
  });
}

/** What is kept may start again by itself, also when it has given up. */
function isToStop({ spec, state, stopRequested }: ServiceWithStatus): boolean {
  return !stopRequested && (spec.keep || !isOver(state));
}

async function startAnew(
  deps: ServiceDeps,
  req: Request,
  res: Response,
  asked: unknown,
): Promise<Command> {
  const project = await projectFor(deps, req, res, 'startService');
  const body = parseInput(startServiceBody, req.body, 'request body');
  const target = targetOf(project, body.cluster);
  const spec = await specFrom(deps, body, target);
  return await change(deps, req, res, project.name, { kind: 'startService', spec }, asked);
}

/** The service once its job has an id; null when that is not so in time. @throws AppError `service_not_found` */
async function startedBy(
  deps: ServiceDeps,
  res: Response,
  id: ServiceId,
): Promise<ServiceWithJobs | null> {
  const waitMsOn = async (cluster: ClusterName) => {
    const status = (await deps.clusters.list()).get(cluster);
    // Of a cluster that is away nobody expects an answer within seconds.
    return status?.reachable === false ? deps.commandWaitMs : deps.serviceWaitMs;
  };
  const isOff = () => res.closed || deps.ending.aborted;
  const started = await awaitJobId(deps, id, waitMsOn, isOff);
  if (started !== 'gone') return started;
  const message = `The service ${id}, which this Idempotency-Key has started, is over and not kept any more.`;
  throw new AppError('service_not_found', message, { param: 'Idempotency-Key' });
}

/** Where it is to run. @throws AppError `invalid_request`, in the words of the command, before there is one */
function targetOf({ name, clusters }: Project, asked: ClusterName | null): ClusterName {
  const target = asked ?? clusters[0];
  if (target !== undefined && clusters.includes(target)) return target;
  const message = `The project ${name} is not activated on the cluster ${target}.`;
  throw new AppError('invalid_request', message, { param: 'cluster' });
}

interface PageQuery {
  readonly project?: string | undefined;
  readonly limit?: string | undefined;
  readonly after?: string | undefined;
  readonly status?: string | undefined;
  readonly recipe_name?: string | undefined;
  readonly filter: Pick<ServiceFilter, 'states' | 'recipe'>;
}

/** A page of what the caller may see, announced with how it goes on. */
async function pageOf(
  deps: Pick<ApiDeps, 'services'>,
  req: Request,
  res: Response,
  path: string,
  { filter, project, status, recipe_name, ...page }: PageQuery,
): Promise<readonly ServiceWithJobs[]> {
  const projects = projectsInView(req, res, 'listServices', project);
  const limit = page.limit === undefined ? DEFAULT_LIMIT : Number(page.limit);
  const after = page.after?.toLowerCase() ?? null;
  if (after !== null) await known(deps, projects, after);
  // One more than asked for tells whether there is a next page.
  const found = await deps.services.list({ ...filter, projects }, { limit: limit + 1, after });
  const shown = found.slice(0, limit);
  const next = found.length > limit ? (shown.at(-1)?.service.id ?? null) : null;
  const asked = Object.entries({ status, recipe_name, project }).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  announceNext(res, path, { limit, next }, Object.fromEntries(asked));
  return shown;
}

/** Another tenant's service is not there, nor is what comes after it. */
async function known(
  { services }: Pick<ApiDeps, 'services'>,
  projects: readonly string[] | null,
  after: ServiceId,
): Promise<void> {
  const found = await services.lookUp(after, projects, null);
  if (found.length === 0) throw noService(after, 'after');
}
