import { identityName, type Job, type JobId } from '@wakefield/domain';
import type { EngineTarget } from './ports/cluster.ts';
import type { JobStore } from './ports/stores.ts';

export interface EngineTargetDeps {
  readonly jobs: Pick<JobStore, 'listEngines'>;
}

/** What a prober needs to talk to the engines of these jobs, but for those without an address; one query. */
export async function engineTargets(
  deps: EngineTargetDeps,
  jobs: readonly Job[],
): Promise<ReadonlyMap<JobId, EngineTarget>> {
  const engines = await deps.jobs.listEngines(jobs.map(({ id }) => id));
  const byJob = new Map(engines.map(({ jobId, ...engine }) => [jobId, engine]));
  return new Map(
    jobs.flatMap(({ id, name, cluster, address }) => {
      const engine = byJob.get(id);
      if (engine === undefined || address === null) return [];
      return [[id, { ...engine, cluster, address, identity: identityName(name) }] as const];
    }),
  );
}
