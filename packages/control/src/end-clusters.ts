import { setTimeout as wait } from 'node:timers/promises';
import { type ClusterName, clustersOf } from '@wakefield/domain';
import type { Clock } from './ports/cluster.ts';
import type {
  JobStore,
  Lease,
  LeaseStore,
  ModelStore,
  ModelWithStatus,
  ProjectStore,
} from './ports/stores.ts';

export interface EndClustersDeps {
  readonly projects: Pick<ProjectStore, 'list'>;
  readonly models: Pick<ModelStore, 'list' | 'savePlan'>;
  readonly jobs: Pick<JobStore, 'listLiveForCluster' | 'patch'>;
  readonly leases: Pick<LeaseStore, 'acquire' | 'release'>;
  readonly clock: Clock;
  /** Names this process on leases. */
  readonly holder: string;
}

const livePhases = ['intended', 'queued', 'starting', 'ready', 'draining'] as const;
/** One write takes milliseconds. */
const LEASE_MS = 5_000;
const LOOK_EVERY_MS = 250;

/**
 * Writes down that clusters are over, and their jobs with them: the jobs as ended because that was asked for, and
 * models that may run nowhere else as asleep. Otherwise a scheduler would wait for word of the jobs for ever, or take
 * it for failures, or start jobs again before anybody asks. For whoever ends those clusters, while no scheduler runs.
 * @param signal how long to wait for models that a scheduler died over: it keeps its right to each for a while. Those
 *   that are not had by then are left to the next scheduler, which finds their jobs ended
 * @returns models that were left
 */
export async function endClusters(
  deps: EndClustersDeps,
  clusters: ReadonlySet<ClusterName>,
  reason: string,
  signal: AbortSignal,
): Promise<number> {
  for (const cluster of clusters) await endJobs(deps, cluster, reason);
  const asleep = await Promise.all(
    (await awakeModels(deps, clusters)).map((model) => putToSleep(deps, model, signal)),
  );
  return asleep.filter((done) => !done).length;
}

async function endJobs(
  { jobs, clock }: EndClustersDeps,
  cluster: ClusterName,
  reason: string,
): Promise<void> {
  for (const job of await jobs.listLiveForCluster(cluster))
    await jobs.patch(job.id, livePhases, {
      phase: 'ended',
      outcome: 'as_asked',
      reason,
      endedAt: clock.now(),
    });
}

async function awakeModels(
  { projects, models }: EndClustersDeps,
  clusters: ReadonlySet<ClusterName>,
): Promise<readonly ModelWithStatus[]> {
  const found: ModelWithStatus[] = [];
  for (const { name } of await projects.list())
    for (const model of await models.list(name))
      if (!model.idle && clustersOf(model).every((cluster) => clusters.has(cluster)))
        found.push(model);
  return found;
}

async function putToSleep(
  deps: EndClustersDeps,
  model: ModelWithStatus,
  signal: AbortSignal,
): Promise<boolean> {
  const lease = await acquire(deps, `model:${model.id}`, signal);
  if (lease === null) return false;
  const now = deps.clock.now();
  const plan = {
    generation: model.generation,
    patch: { idle: true },
    status: {
      state: 'not_loaded',
      reason: null,
      because: ['its cluster was ended'],
      expectedReady: null,
    },
    lookAgainAt: now,
  } as const;
  const saved = await deps.models.savePlan(model.id, lease, plan, now);
  await deps.leases.release(lease);
  return saved;
}

/** Tries once in any case. */
async function acquire(
  { leases, holder }: EndClustersDeps,
  key: string,
  signal: AbortSignal,
): Promise<Lease | null> {
  for (;;) {
    const lease = await leases.acquire(key, holder, LEASE_MS);
    if (lease !== null || signal.aborted) return lease;
    await wait(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}
