import { type Model, noDemand, type Observed, type Service } from '@wakefield/domain';
import type { Drivers } from './ports/cluster.ts';
import type { DemandBoard } from './ports/messaging.ts';
import type { Log } from './ports/observability.ts';
import type { ClusterStatusStore, JobStore } from './ports/stores.ts';
import { withoutRemoved } from './removed-clusters.ts';
import type { StartHistories } from './start-histories.ts';

export interface LookAtServiceDeps {
  readonly jobs: Pick<JobStore, 'listForService'>;
  readonly clusters: Pick<ClusterStatusStore, 'list'>;
  readonly demandBoard: Pick<DemandBoard, 'readMany'>;
  readonly drivers: Drivers;
  readonly histories: StartHistories;
  readonly log: Log;
}

/** Everything that decisions on a service need. @param model what it is planned as @param ended how many of its ended jobs */
export async function lookAtService(
  deps: LookAtServiceDeps,
  service: Service,
  model: Model,
  ended: number,
): Promise<Observed> {
  const [jobs, statuses, demand] = await Promise.all([
    deps.jobs.listForService(service.id, ended),
    deps.clusters.list(),
    demandOf(deps, service),
  ]);
  const names = [...new Set([service.cluster, ...jobs.map(({ cluster }) => cluster)])];
  const history = await deps.histories.read(model, names).catch((err: unknown) => {
    deps.log.warn({ err, serviceId: service.id }, 'waits not known');
    return {};
  });
  const clusters = withoutRemoved(statuses, names, deps.drivers);
  return { jobs, demand, clusters, history, answering: null };
}

/** Who stops a service does not want to wait for those who use it: they may hold a page open for days. */
async function demandOf(
  { demandBoard, log }: LookAtServiceDeps,
  { id, stopRequested }: Service,
): Promise<Observed['demand']> {
  if (stopRequested) return { ...noDemand, isWhole: true };
  try {
    return (await demandBoard.readMany([id]))?.get(id) ?? null;
  } catch (err) {
    log.warn({ err }, 'demand unknown');
    return null;
  }
}
