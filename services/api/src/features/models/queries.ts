import type { ModelJson } from '@wakefield/contracts';
import type { ModelWithStatus } from '@wakefield/control';
import { AppError, type EngineMetrics, type Job, type ProjectName } from '@wakefield/domain';
import { within } from '@wakefield/runtime';
import type { ApiDeps } from '../../deps.ts';
import { presentModel } from './presenter.ts';

export type ModelQueryDeps = Pick<ApiDeps, 'models' | 'jobs' | 'metricsBoard' | 'logger'>;

/** Live figures are a courtesy: they may not hold up an answer. */
const METRICS_TIMEOUT_MS = 500;

/** Models as they are answered with: three reads, however many models there are. */
export async function presentModels(
  deps: ModelQueryDeps,
  project: ProjectName,
  models: readonly ModelWithStatus[],
): Promise<readonly ModelJson[]> {
  if (models.length === 0) return [];
  const jobs = await deps.jobs.listLiveForProject(project);
  const metrics = await readMetrics(deps, jobs);
  const jobsByModel = Map.groupBy(jobs, ({ modelId }) => modelId);
  return models.map((model) => presentModel(model, jobsByModel.get(model.id) ?? [], metrics));
}

/** @throws AppError `model_not_found` */
export async function presentOneModel(
  deps: ModelQueryDeps,
  project: ProjectName,
  hfModelId: string,
): Promise<ModelJson> {
  const model = await deps.models.find(project, hfModelId);
  if (model === null) {
    throw new AppError(
      'model_not_found',
      `There is no model "${hfModelId}" in project "${project}".`,
      { param: 'hf_model_id' },
    );
  }
  const jobs = await deps.jobs.listForModel(model.id, 0);
  return presentModel(model, jobs, await readMetrics(deps, jobs));
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
