import type { ModelJson } from '@wakefield/contracts';
import type { ModelWithStatus } from '@wakefield/control';
import {
  AppError,
  type EngineMetrics,
  type Job,
  type ModelId,
  type ProjectName,
  phrases,
  type TotalDemand,
} from '@wakefield/domain';
import { within } from '@wakefield/runtime';
import type { ApiDeps } from '../../deps.ts';
import { presentModel } from './presenter.ts';

export type ModelQueryDeps = Pick<
  ApiDeps,
  'models' | 'jobs' | 'metricsBoard' | 'demandBoard' | 'logger'
>;

/** Live figures are a courtesy: they may not hold up an answer. */
const METRICS_TIMEOUT_MS = 500;

/** Models as they are answered with: four reads, however many models there are. */
export async function presentModels(
  deps: ModelQueryDeps,
  project: ProjectName,
  models: readonly ModelWithStatus[],
): Promise<readonly ModelJson[]> {
  if (models.length === 0) return [];
  const jobs = await deps.jobs.listLiveForProject(project);
  const ids = models.map(({ id }) => id);
  const [metrics, demand] = await Promise.all([readMetrics(deps, jobs), readDemand(deps, ids)]);
  const jobsByModel = Map.groupBy(jobs, ({ modelId }) => modelId);
  return models.map((model) =>
    presentModel(model, jobsByModel.get(model.id) ?? [], metrics, demand?.get(model.id) ?? null),
  );
}

/** @throws AppError `model_not_found` */
export async function presentOneModel(
  deps: ModelQueryDeps,
  project: ProjectName,
  hfModelId: string,
): Promise<ModelJson> {
  const model = await deps.models.find(project, hfModelId);
  if (model === null) {
    throw new AppError('model_not_found', phrases.noModel(project, hfModelId), {
      param: 'hf_model_id',
    });
  }
  const jobs = await deps.jobs.listForModel(model.id, 0);
  const [metrics, demand] = await Promise.all([
    readMetrics(deps, jobs),
    readDemand(deps, [model.id]),
  ]);
  return presentModel(model, jobs, metrics, demand?.get(model.id) ?? null);
}

/** null when the board cannot be read: the state is then as old as the last plan. */
async function readDemand(
  deps: ModelQueryDeps,
  ids: readonly ModelId[],
): Promise<ReadonlyMap<ModelId, TotalDemand> | null> {
  const read = () => deps.demandBoard.readMany(ids);
  return await within(METRICS_TIMEOUT_MS, 'reading demand', read).catch(() => null);
}

/** Empty when the board cannot be read: figures are null then, and the model is shown all the same. */
async function readMetrics(
  deps: ModelQueryDeps,
  jobs: readonly Job[],
): Promise<ReadonlyMap<string, EngineMetrics>> {
  const ready = jobs.filter(({ phase }) => phase === 'ready' || phase === 'draining');
  if (ready.length === 0) return new Map();
  try {
    return await within(METRICS_TIMEOUT_MS, 'reading metrics', () =>
      deps.metricsBoard.read(ready.map(({ id }) => id)),
    );
  } catch (error) {
    deps.logger.warn({ err: error }, 'metrics board not read');
    return new Map();
  }
}
