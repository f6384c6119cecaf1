import { identityName, type Job } from '@wakefield/domain';
import type { EngineTarget } from './ports/cluster.ts';
import type { JobStore, ModelStore } from './ports/stores.ts';

export interface EngineTargetDeps {
  readonly jobs: Pick<JobStore, 'engineKey'>;
  readonly models: Pick<ModelStore, 'get'>;
}

/** What a prober needs to talk to a job's engine; null while it has no address. */
export async function engineTarget(deps: EngineTargetDeps, job: Job): Promise<EngineTarget | null> {
  if (job.address === null) return null;
  const [engineKey, model] = await Promise.all([
    deps.jobs.engineKey(job.id),
    deps.models.get(job.modelId),
  ]);
  if (engineKey === null || model === null) return null;
  return {
    cluster: job.cluster,
    address: job.address,
    engineKey,
    engine: model.spec.engine,
    hfModelId: model.spec.hfModelId,
    identity: identityName(job.name),
  };
}
