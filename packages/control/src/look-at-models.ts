import {
  type ClusterName,
  clustersOf,
  endedToJudge,
  isLive,
  type Job,
  type JobId,
  type Model,
  type ModelId,
  type Observed,
  type Policy,
  type TotalDemand,
} from '@wakefield/domain';
import type { Drivers } from './ports/cluster.ts';
import type { DemandBoard, MetricsBoard } from './ports/messaging.ts';
import type { Log } from './ports/observability.ts';
import type { ClusterStatusStore, JobStore } from './ports/stores.ts';
import { withoutRemoved } from './removed-clusters.ts';
import type { StartHistories } from './start-histories.ts';

export interface LookAtModelsDeps {
  readonly jobs: Pick<JobStore, 'listForModels'>;
  readonly clusters: Pick<ClusterStatusStore, 'list'>;
  readonly demandBoard: Pick<DemandBoard, 'readMany'>;
  readonly metricsBoard: Pick<MetricsBoard, 'answering'>;
  readonly drivers: Drivers;
  readonly histories: StartHistories;
  readonly policy: Policy;
  readonly log: Log;
}

/**
 * Everything that decisions on these models need, in a few round trips however many they are. What cannot be read is
 * unknown, which is not nothing.
 */
export async function lookAtModels(
  deps: LookAtModelsDeps,
  models: readonly Model[],
): Promise<ReadonlyMap<ModelId, Observed>> {
  const ids = models.map(({ id }) => id);
  const wanted = models.map((model) => ({
    modelId: model.id,
    clusters: clustersOf(model),
    ended: endedToJudge(model.spec, deps.policy),
  }));
  const [jobsOf, clusters, demands] = await Promise.all([
    deps.jobs.listForModels(wanted),
    deps.clusters.list(),
    deps.demandBoard
      .readMany(ids)
      .catch((err: unknown): ReadonlyMap<ModelId, TotalDemand> | null => {
        deps.log.warn({ err }, 'demand unknown');
        return null;
      }),
  ]);
  const scenes = models.map((model) => {
    const jobs = jobsOf.get(model.id) ?? [];
    const live = jobs.filter(isLive).map(({ cluster }) => cluster);
    const names = [...new Set([...clustersOf(model), ...live])];
    return { model, jobs, names, standing: withoutRemoved(clusters, names, deps.drivers) };
  });
  const answering = await answeringOf(deps, scenes.flatMap(doubtfulOf));
  const observed = scenes.map(async ({ model, jobs, names, standing }) => {
    const asleep = !jobs.some(isLive) && (model.idle || !model.registered);
    const history = asleep ? {} : await historyOf(deps, model, names);
    const demand = demands?.get(model.id) ?? null;
    return [model.id, { jobs, demand, clusters: standing, history, answering }] as const;
  });
  return new Map(await Promise.all(observed));
}

/** Unknown where it cannot be read: a model can do without. */
async function historyOf(
  { histories, log }: LookAtModelsDeps,
  model: Model,
  names: readonly ClusterName[],
): Promise<Observed['history']> {
  return await histories.read(model, names).catch((err: unknown) => {
    log.warn({ err, modelId: model.id }, 'waits not known');
    return {};
  });
}

/** Ready jobs of clusters that do not answer. */
function doubtfulOf({
  jobs,
  standing,
}: {
  readonly jobs: readonly Job[];
  readonly standing: Observed['clusters'];
}): readonly JobId[] {
  return jobs
    .filter(({ phase, cluster }) => phase === 'ready' && standing[cluster]?.reachable === false)
    .map(({ id }) => id);
}

/** null: nobody can tell. */
async function answeringOf(
  deps: LookAtModelsDeps,
  doubtful: readonly JobId[],
): Promise<readonly JobId[] | null> {
  if (doubtful.length === 0) return [];
  return await deps.metricsBoard.answering(doubtful).catch((err: unknown) => {
    deps.log.warn({ err }, 'signs of life not known');
    return null;
  });
}

/** Clusters that a model may run on and that answer, or were never asked. */
export function reachable({ clusters }: Observed, model: Model): readonly ClusterName[] {
  return clustersOf(model).filter((name) => clusters[name]?.reachable ?? true);
}
