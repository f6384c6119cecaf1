import type { Job } from '@wakefield/domain';
import { type ActContext, type ActDeps, bounded, driverOf, write } from './act-context.ts';
import { jobFields } from './observe-cluster.ts';
import { ClusterError } from './ports/cluster.ts';

/** sbatch retries by itself for about two minutes before it gives up (sbatch(1)). */
const SUBMIT_TIMEOUT_MS = 180_000;
/** Finds an intended job on its cluster by its name, or puts it there. Every other job is left as it is. */
export async function submitJob(deps: ActDeps, context: ActContext, job: Job): Promise<Job | null> {
  if (job.phase !== 'intended') return job;
  const { model } = context;
  const driver = driverOf(deps, job);
  const engineKey = await deps.jobs.engineKey(job.id);
  if (engineKey === null) return null;
  const rendered = deps.recipes.render({
    model,
    name: job.name,
    engineKey,
    profile: driver.profile,
  });
  const { gpuCount, resources } = model.spec;
  const submission = {
    ...rendered,
    name: job.name,
    project: job.project,
    walltimeSeconds: job.walltimeSeconds,
    gpuCount,
    nodes: resources.nodes,
    cpus: resources.cpus,
    memory: resources.memory,
  };
  try {
    const { clusterJobId, adopted } = await driver.submit(
      submission,
      bounded(context, SUBMIT_TIMEOUT_MS),
    );
    const after = await write(deps, job, ['intended'], {
      phase: 'queued',
      clusterJobId,
      submittedAt: deps.clock.now(),
      capacity: deps.recipes.capacity(model.spec.engine, model.spec.engineArgs),
    });
    deps.log.info(
      { ...jobFields(after ?? job), clusterJobId, adopted, traceId: model.traceId },
      'job submitted',
    );
    return after;
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    if (error.kind !== 'refused' && error.kind !== 'no_room') throw error;
    deps.log.warn({ ...jobFields(job), err: error, traceId: model.traceId }, 'job refused');
    const verb = error.kind === 'refused' ? 'refused the job' : 'has no room for the job now';
    return await write(deps, job, ['intended'], {
      phase: 'ended',
      outcome: error.kind,
      reason: `Cluster ${job.cluster} ${verb}: ${error.message}`,
      endedAt: deps.clock.now(),
    });
  }
}
