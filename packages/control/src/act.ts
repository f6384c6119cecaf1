import {
  type Action,
  type ClusterName,
  isLimited,
  type Job,
  jobName,
  jobShape,
  knownCapacity,
  type Model,
} from '@wakefield/domain';
import { type ActContext, type ActDeps, bounded, driverOf, write } from './act-context.ts';
import { ClusterError } from './ports/cluster.ts';
import { RoomTakenError } from './ports/stores.ts';
import { ClusterBusyError } from './submission-gate.ts';
import { submitJob } from './submit-job.ts';

const CALL_TIMEOUT_MS = 30_000;

/**
 * Carries out a plan: what concerns one cluster one idempotent step after the other, beside what concerns the others.
 * What is planned for a cluster that does not answer is left there: the next run starts from what is then known.
 * @returns whether the model or service should be looked at again at once
 */
export async function act(
  deps: ActDeps,
  context: ActContext,
  actions: readonly Action[],
): Promise<boolean> {
  const byCluster = Map.groupBy(actions, (action) => clusterOf(action, context));
  const chains = [...byCluster].map(([cluster, own]) =>
    cluster === null ? false : actOn(deps, context, cluster, own),
  );
  // One that fails must not leave the others to themselves.
  const done = await Promise.allSettled(chains);
  const failed = done.find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
  return done.some((chain) => chain.status === 'fulfilled' && chain.value);
}

/** null: the job is not known any more. */
function clusterOf(action: Action, { jobs }: ActContext): ClusterName | null {
  if (action.kind === 'intend') return action.cluster;
  return jobs.find(({ id }) => id === action.jobId)?.cluster ?? null;
}

/** The cluster is looked at afterwards, whatever came of it. */
async function actOn(
  deps: ActDeps,
  context: ActContext,
  cluster: ClusterName,
  actions: readonly Action[],
): Promise<boolean> {
  let again = false;
  let touched = false;
  try {
    for (const action of actions) {
      const step = await tried(deps, context, action);
      again ||= step.again;
      touched ||= step.touched;
      if (step.silent) break;
    }
  } catch (error) {
    touched = true;
    throw error;
  } finally {
    if (touched)
      await deps.nudges
        .cluster(cluster, 0)
        .catch((err: unknown) => deps.log.warn({ err, cluster }, 'cluster not nudged'));
  }
  return again;
}

/** What became of one step. */
interface Step {
  readonly again: boolean;
  /** Something may have changed on the cluster. */
  readonly touched: boolean;
  /** It did not answer, so nothing more is asked of it. */
  readonly silent: boolean;
}

async function tried(deps: ActDeps, context: ActContext, action: Action): Promise<Step> {
  try {
    const job = await perform(deps, context, action);
    return { again: job?.phase === 'ended', touched: job !== null, silent: false };
  } catch (error) {
    // The next plan knows, and says so.
    if (error instanceof RoomTakenError) return { again: true, touched: false, silent: false };
    if (!(error instanceof ClusterError)) throw error;
    const asked = !(error instanceof ClusterBusyError);
    deps.log[asked ? 'warn' : 'debug'](
      { err: error, ...ownerFields(context), action: action.kind },
      'action not done',
    );
    return { again: false, touched: asked, silent: true };
  }
}

function ownerFields({ model, service }: ActContext): object {
  return service === null ? { modelId: model.id } : { serviceId: service.id };
}

/** @returns the job as it stands afterwards, or null when it had moved on */
async function perform(deps: ActDeps, context: ActContext, action: Action): Promise<Job | null> {
  if (action.kind === 'intend') {
    const job = await intend(deps, context, action);
    return await submitJob(deps, context, job);
  }
  const job = context.jobs.find(({ id }) => id === action.jobId);
  if (job === undefined) return null;
  switch (action.kind) {
    case 'submit':
      return await submitJob(deps, context, job);
    case 'drain':
      return await write(deps, context, job, ['ready', 'draining'], {
        phase: 'draining',
        drainUntil: action.until,
      });
    case 'askToEnd':
      return await askToEnd(deps, context, job);
    case 'cancel':
      return await cancel(deps, context, job);
  }
}

/** The row comes first: whatever happens from here on, the job is findable by its name. */
async function intend(
  deps: ActDeps,
  { model, service, jobs, lease }: ActContext,
  action: Extract<Action, { kind: 'intend' }>,
): Promise<Job> {
  const driver = deps.drivers.get(action.cluster);
  const queue = driver?.queueOf(model.project) ?? '';
  const limits = driver?.limits(model.project);
  const intention = {
    id: deps.ids.uuid(),
    modelId: service === null ? model.id : null,
    serviceId: service?.id ?? null,
    project: model.project,
    cluster: action.cluster,
    seq: action.seq,
    name: jobName(deps.installation, model.id, action.seq),
    revision: model.revision,
    successorOf: action.successorOf,
    rivalOf: action.rivalOf,
    walltimeSeconds: model.spec.walltimeSeconds,
    gpuCount: model.spec.gpuCount,
    shape: jobShape(model.spec, queue),
    capacity:
      service === null
        ? (knownCapacity(jobs, model.revision) ?? configuredCapacity(deps, model))
        : null,
    intendedAt: deps.clock.now(),
    engineKey: deps.ids.secret(),
  };
  const job = await deps.jobs.intend(
    lease,
    intention,
    limits !== undefined && isLimited(limits) ? limits : undefined,
  );
  deps.telemetry.jobAdvanced(null, job);
  return job;
}

/** null also when there is no such recipe any more, which the submission tells. */
function configuredCapacity({ recipes }: ActDeps, { spec }: Model): number | null {
  try {
    return recipes.capacity(spec.engine, spec.engineArgs);
  } catch {
    return null;
  }
}

/**
 * That we ask is written first: a job that is found ended must not be taken for one that somebody else ended
 * or that failed. Where the call is lost, it is made up for by the next one, a grace period later.
 */
async function askToEnd(deps: ActDeps, context: ActContext, job: Job): Promise<Job | null> {
  const driver = driverOf(deps, job);
  const asked = await write(deps, context, job, [job.phase], { endAskedAt: deps.clock.now() });
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
  const told = await write(deps, context, job, [job.phase], { cancelledAt: deps.clock.now() });
  if (told === null) return null;
  if (job.phase !== 'intended') {
    await driver.cancel([job], signal);
    return told;
  }
  const found = await driver.find(job.name, signal);
  if (found !== null)
    await driver.cancel([{ name: job.name, clusterJobId: found.clusterJobId }], signal);
  const now = deps.clock.now();
  return await write(deps, context, job, ['intended'], {
    phase: 'ended',
    outcome: 'as_asked',
    reason: null,
    clusterJobId: found?.clusterJobId ?? null,
    endedAt: now,
  });
}
