import type { Job } from '@wakefield/domain';
import { type ActContext, type ActDeps, bounded, driverOf, write } from './act-context.ts';
import { jobFields } from './job-fields.ts';
import { type ClusterDriver, ClusterError, type JobSubmission } from './ports/cluster.ts';

/** sbatch retries by itself for about two minutes before it gives up (sbatch(1)). */
const SUBMIT_TIMEOUT_MS = 180_000;

/** Finds an intended job on its cluster by its name, or puts it there. Every other job is left as it is. */
export async function submitJob(deps: ActDeps, context: ActContext, job: Job): Promise<Job | null> {
  if (job.phase !== 'intended') return job;
  const { model } = context;
  const driver = driverOf(deps, job);
  const engineKey = await deps.jobs.engineKey(job.id);
  if (engineKey === null) return null;
  const submission = prepare(deps, context, job, driver, engineKey);
  if (submission instanceof Error) {
    return await refuse(deps, context, job, {
      outcome: 'refused',
      error: submission,
      words: 'The job script cannot be made',
    });
  }
  try {
    const { clusterJobId, adopted } = await deps.submissions.pass(driver.name, context.signal, () =>
      driver.submit(submission, bounded(context, SUBMIT_TIMEOUT_MS)),
    );
    const after = await write(deps, context, job, ['intended'], {
      phase: 'queued',
      clusterJobId,
      submittedAt: deps.clock.now(),
      reason: null,
    });
    deps.log.info(
      { ...jobFields(after ?? job), clusterJobId, adopted, traceId: model.traceId },
      'job submitted',
    );
    return after;
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    const refusal = refusals[error.kind];
    if (refusal !== undefined) {
      const words = `Cluster ${job.cluster} ${refusal.verb}`;
      return await refuse(deps, context, job, { outcome: refusal.outcome, error, words });
    }
    await tellWhatStopsIt(deps, context, job, error);
    throw error;
  }
}

/** @returns the error when there is no such recipe any more, or it does not fit the model: trying again is no use */
function prepare(
  { recipes }: ActDeps,
  { model, service }: ActContext,
  { name, project, walltimeSeconds }: Job,
  { profile, fixedSize }: ClusterDriver,
  engineKey: string,
): JobSubmission | Error {
  const { engine, gpuCount, resources } = model.spec;
  const { nodes } = resources;
  const isUnasked = service !== null && fixedSize === true;
  const { cpus, memory } = isUnasked ? { cpus: null, memory: null } : resources;
  try {
    const script =
      service === null
        ? recipes.render({ model, name, engineKey, profile })
        : recipes.renderService({ service, name, engineKey, profile });
    return { ...script, name, project, engine, walltimeSeconds, gpuCount, nodes, cpus, memory };
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** What a no of the cluster makes of the job; after silence it is still intended. */
const refusals: Partial<Record<ClusterError['kind'], Pick<Refusal, 'outcome'> & { verb: string }>> =
  {
    refused: { outcome: 'refused', verb: 'refused the job' },
    unclear: { outcome: 'failed', verb: 'did not take the job' },
    no_room: { outcome: 'no_room', verb: 'has no room for the job now' },
  };

interface Refusal {
  readonly outcome: 'refused' | 'failed' | 'no_room';
  readonly error: Error;
  readonly words: string;
}

async function refuse(
  deps: ActDeps,
  context: ActContext,
  job: Job,
  { outcome, error, words }: Refusal,
): Promise<Job | null> {
  const { traceId } = context.model;
  deps.log.warn({ ...jobFields(job), err: error, traceId }, 'job refused');
  return await write(deps, context, job, ['intended'], {
    phase: 'ended',
    outcome,
    reason: `${words}: ${error.message}`,
    endedAt: deps.clock.now(),
  });
}

/** The job stays intended and is tried again; people see why it does not get any further. */
async function tellWhatStopsIt(
  deps: ActDeps,
  context: ActContext,
  job: Job,
  error: ClusterError,
): Promise<void> {
  const reason = `The job could not be submitted to ${job.cluster} yet: ${error.message}`;
  if (context.signal.aborted || job.reason === reason) return;
  await write(deps, context, job, ['intended'], { reason });
}
