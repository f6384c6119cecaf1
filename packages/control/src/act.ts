import { type Action, type Job, type JobId, jobName, type Model } from '@wakefield/domain';
import { jobFields } from './observe-cluster.ts';
import {
  type Clock,
  type ClusterDriver,
  ClusterError,
  type Drivers,
  type Ids,
  type RecipeCatalog,
} from './ports/cluster.ts';
import type { Nudges } from './ports/messaging.ts';
import type { Log, Telemetry } from './ports/observability.ts';
import type { JobPatch, JobStore, Lease } from './ports/stores.ts';

export interface ActDeps {
  readonly jobs: Pick<JobStore, 'intend' | 'get' | 'listForModel' | 'patch' | 'engineKey'>;
  readonly nudges: Pick<Nudges, 'cluster'>;
  readonly drivers: Drivers;
  readonly recipes: Pick<RecipeCatalog, 'render' | 'capacity'>;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  /** Short id in every job name. */
  readonly installation: string;
}

/** What one plan is carried out on. */
export interface ActContext {
  readonly model: Model;
  readonly jobs: readonly Job[];
  readonly lease: Lease;
  readonly signal: AbortSignal;
}

/** sbatch retries by itself for about two minutes before it gives up (sbatch(1)). */
const SUBMIT_TIMEOUT_MS = 180_000;
const CALL_TIMEOUT_MS = 30_000;

/**
 * Carries out a plan, one idempotent step after the other. A cluster that does not answer ends the plan
 * early: the next run starts from what is then known.
 * @returns whether the model should be looked at again at once
 */
export async function act(
  deps: ActDeps,
  context: ActContext,
  actions: readonly Action[],
): Promise<boolean> {
  let again = false;
  const touched = new Set<string>();
  for (const action of actions) {
    try {
      const job = await perform(deps, context, action);
      if (job !== null) touched.add(job.cluster);
      again ||= job?.phase === 'ended';
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      deps.log.warn(
        { err: error, modelId: context.model.id, action: action.kind },
        'action not done',
      );
      touched.add(context.model.cluster);
      break;
    }
  }
  for (const cluster of touched) {
    await deps.nudges
      .cluster(cluster, 0)
      .catch((err: unknown) => deps.log.warn({ err, cluster }, 'cluster not nudged'));
  }
  return again;
}

/** @returns the job as it stands afterwards, or null when it had moved on */
async function perform(deps: ActDeps, context: ActContext, action: Action): Promise<Job | null> {
  if (action.kind === 'intend') {
    const job = await intend(deps, context, action);
    return await submit(deps, context, job);
  }
  const job = context.jobs.find(({ id }) => id === action.jobId);
  if (job === undefined) return null;
  switch (action.kind) {
    case 'submit':
      return await submit(deps, context, job);
    case 'drain':
      return await write(deps, job, ['ready'], { phase: 'draining', drainUntil: action.until });
    case 'askToEnd':
      return await askToEnd(deps, context, job);
    case 'cancel':
      return await cancel(deps, context, job);
  }
}

/** The row comes first: whatever happens from here on, the job is findable by its name. */
async function intend(
  deps: ActDeps,
  { model, lease }: ActContext,
  action: Extract<Action, { kind: 'intend' }>,
): Promise<Job> {
  const job = await deps.jobs.intend(lease, {
    id: deps.ids.uuid(),
    modelId: model.id,
    project: model.project,
    cluster: action.cluster,
    seq: action.seq,
    name: jobName(deps.installation, model.id, action.seq),
    revision: model.revision,
    successorOf: action.successorOf,
    walltimeSeconds: model.spec.walltimeSeconds,
    intendedAt: deps.clock.now(),
    engineKey: deps.ids.secret(),
  });
  deps.telemetry.jobAdvanced(null, job);
  return job;
}

async function submit(deps: ActDeps, context: ActContext, job: Job): Promise<Job | null> {
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
    if (error.kind !== 'refused') throw error;
    deps.log.warn({ ...jobFields(job), err: error, traceId: model.traceId }, 'job refused');
    return await write(deps, job, ['intended'], {
      phase: 'ended',
      outcome: 'refused',
      reason: `Cluster ${job.cluster} refused the job: ${error.message}`,
      endedAt: deps.clock.now(),
    });
  }
}

/**
 * That we ask is written first: a job that is found ended must not be taken for one that somebody else ended
 * or that failed. Where the call is lost, it is made up for by the next one, a grace period later.
 */
async function askToEnd(deps: ActDeps, context: ActContext, job: Job): Promise<Job | null> {
  const driver = driverOf(deps, job);
  const asked = await write(deps, job, [job.phase], { endAskedAt: deps.clock.now() });
  if (asked !== null) await driver.askToEnd([job], bounded(context, CALL_TIMEOUT_MS));
  return asked;
}

/**
 * Written first, as above. An intended job may be on the cluster although we never heard its id, so it is
 * looked up by name. Everything else is over only when the cluster says so; here it is just told to go.
 */
async function cancel(deps: ActDeps, context: ActContext, job: Job): Promise<Job | null> {
  const driver = driverOf(deps, job);
  const signal = bounded(context, CALL_TIMEOUT_MS);
  const told = await write(deps, job, [job.phase], { cancelledAt: deps.clock.now() });
  if (told === null) return null;
  if (job.phase !== 'intended') {
    await driver.cancel([job], signal);
    return told;
  }
  const found = await driver.find(job.name, signal);
  if (found !== null)
    await driver.cancel([{ name: job.name, clusterJobId: found.clusterJobId }], signal);
  const now = deps.clock.now();
  return await write(deps, job, ['intended'], {
    phase: 'ended',
    outcome: 'as_asked',
    reason: null,
    clusterJobId: found?.clusterJobId ?? null,
    endedAt: now,
  });
}

async function write(
  deps: ActDeps,
  job: Job,
  phases: readonly Job['phase'][],
  patch: JobPatch,
): Promise<Job | null> {
  const after = await deps.jobs.patch(job.id, phases, patch);
  if (after !== null && after.phase !== job.phase) {
    deps.telemetry.jobAdvanced(job, after);
    deps.log.info(jobFields(after), 'job moved on');
  }
  return after;
}

function driverOf(
  deps: ActDeps,
  job: { readonly id: JobId; readonly cluster: string },
): ClusterDriver {
  const driver = deps.drivers.get(job.cluster);
  if (driver === undefined) {
    throw new ClusterError('misconfigured', `cluster ${job.cluster} is not in the configuration`);
  }
  return driver;
}

function bounded({ signal }: ActContext, ms: number): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(ms)]);
}
