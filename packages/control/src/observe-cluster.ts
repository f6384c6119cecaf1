import {
  advanceJob,
  type ClusterName,
  type ClusterSnapshot,
  type Job,
  type JobId,
  type ModelId,
  unseen,
} from '@wakefield/domain';
import { endOrphans } from './end-orphans.ts';
import { jobFields } from './job-fields.ts';
import { nudgeModel } from './nudge-model.ts';
import { type Clock, type ClusterDriver, ClusterError, type Drivers } from './ports/cluster.ts';
import type { MetricsBoard, Nudges, RouteBus } from './ports/messaging.ts';
import type { Log, Telemetry } from './ports/observability.ts';
import type { ClusterStatusStore, JobStore, Lease, RouteStore } from './ports/stores.ts';
import { publishRoutes } from './publish-routes.ts';
import { LEASE_RETRY_MS, type WithLeaseDeps, withLease } from './with-lease.ts';

export interface ObserveClusterDeps extends WithLeaseDeps {
  readonly jobs: Pick<JobStore, 'listLiveForCluster' | 'listLiveNames' | 'patch'>;
  readonly clusters: Pick<ClusterStatusStore, 'save' | 'list'>;
  readonly routes: Pick<RouteStore, 'revision'>;
  readonly routeBus: Pick<RouteBus, 'publish'>;
  readonly metricsBoard: Pick<MetricsBoard, 'publishGpus'>;
  readonly nudges: Nudges;
  readonly drivers: Drivers;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * One cycle of the one observer of a cluster: a single bulk look, then every live job moves on by what was
 * seen. Its cost to the cluster does not depend on the number of models, jobs or schedulers.
 */
export async function observeCluster(
  deps: ObserveClusterDeps,
  name: ClusterName,
  signal: AbortSignal,
): Promise<void> {
  const driver = deps.drivers.get(name);
  if (driver === undefined) return;
  const lookAgain = (delayMs: number) =>
    deps.nudges
      .cluster(name, delayMs)
      .catch((err: unknown) => deps.log.warn({ err, cluster: name }, 'next look not enqueued'));
  const ran = await withLease(deps, `cluster:${name}`, signal, async (lease, held) =>
    lookAgain(await cycle(deps, driver, lease, held)),
  );
  // Whoever holds it may be dead, and this was the wish that his work be done by another.
  if (!ran) await lookAgain(LEASE_RETRY_MS);
}

/** @returns after how many ms the cluster should be looked at again */
async function cycle(
  deps: ObserveClusterDeps,
  driver: ClusterDriver,
  lease: Lease,
  signal: AbortSignal,
): Promise<number> {
  const startedAt = deps.clock.now();
  const live = await deps.jobs.listLiveForCluster(driver.name);
  let snapshot: ClusterSnapshot;
  try {
    snapshot = await driver.observe(live, signal);
  } catch (error) {
    return await unreachable(deps, driver, lease, live, error, startedAt);
  }
  deps.telemetry.observed(driver.name, deps.clock.now() - startedAt, 'ok');
  const { current, moved } = await advanceAll(deps, lease, live, snapshot);
  const wasReachable = (await deps.clusters.list()).get(driver.name)?.reachable ?? false;
  const busy = current.some((job) => job.phase !== 'ready');
  const nextLookMs = busy ? driver.cadence.busyMs : driver.cadence.quietMs;
  const nextLookAt = deps.clock.now() + nextLookMs;
  const { takenAt } = snapshot;
  const status = { reachable: true, observedAt: takenAt, error: null, silence: null, nextLookAt };
  await deps.clusters.save(driver.name, status, lease);
  if (moved.size > 0) await publishRoutes(deps);
  await nudgeModels(deps, wasReachable ? moved : new Set(current.map((job) => job.modelId)));
  await probeStarting(deps, current);
  await askEngines(deps, driver.name, current);
  await tellGpus(deps, current, snapshot);
  await endOrphans(deps, driver, snapshot, signal);
  return nextLookMs;
}

interface Advance {
  /** Live jobs after the cycle. */
  readonly current: readonly Job[];
  readonly moved: ReadonlySet<ModelId>;
}

async function advanceAll(
  deps: ObserveClusterDeps,
  lease: Lease,
  live: readonly Job[],
  snapshot: ClusterSnapshot,
): Promise<Advance> {
  const current: Job[] = [];
  const moved = new Set<ModelId>();
  for (const job of live) {
    const sighting = snapshot.sightings.get(job.name) ?? unseen;
    const patch = advanceJob(job, sighting, snapshot.takenAt, deps.clock.now());
    const after =
      patch === null ? null : await deps.jobs.patch(job.id, [job.phase], patch, { lease });
    if (after !== null) {
      deps.telemetry.jobAdvanced(job, after);
      deps.log.info(jobFields(after), after.phase === job.phase ? 'job seen' : 'job moved on');
      moved.add(job.modelId);
    }
    const now = after ?? job;
    if (now.phase !== 'ended') current.push(now);
  }
  return { current, moved };
}

/** Nothing is concluded from silence here: only the status says so, and models hear of it. */
async function unreachable(
  deps: ObserveClusterDeps,
  driver: ClusterDriver,
  lease: Lease,
  live: readonly Job[],
  error: unknown,
  startedAt: number,
): Promise<number> {
  if (!(error instanceof ClusterError)) throw error;
  const { name, cadence } = driver;
  deps.telemetry.observed(name, deps.clock.now() - startedAt, 'failed');
  const before = (await deps.clusters.list()).get(name);
  const nextLookMs = cadence.quietMs;
  const now = deps.clock.now();
  const looks = (before?.silence?.looks ?? 0) + 1;
  const status = {
    reachable: false,
    observedAt: before?.observedAt ?? null,
    error: error.message,
    silence: { since: before?.silence?.since ?? now, looks },
    nextLookAt: now + nextLookMs,
  };
  // Its engines may answer all the same, which counts by the time that it counts as silent.
  await askEngines(deps, name, live);
  await deps.clusters.save(name, status, lease);
  if (looks === 1) deps.log.warn({ err: error, cluster: name }, 'cluster does not answer');
  // From the second on it may count as absent.
  if (looks <= 2) await nudgeModels(deps, new Set(live.map((job) => job.modelId)));
  return nextLookMs;
}

async function nudgeModels(deps: ObserveClusterDeps, ids: ReadonlySet<ModelId>): Promise<void> {
  for (const id of ids) await nudgeModel(deps, id);
}

async function probeStarting(deps: ObserveClusterDeps, jobs: readonly Job[]): Promise<void> {
  for (const { id } of jobs.filter((job) => job.phase === 'starting' && job.address !== null)) {
    await deps.nudges
      .probe(id)
      .catch((err: unknown) => deps.log.warn({ err, jobId: id }, 'probe not enqueued'));
  }
}

/** Of themselves: how they do, and that they are alive. */
async function askEngines(
  deps: ObserveClusterDeps,
  cluster: ClusterName,
  jobs: readonly Job[],
): Promise<void> {
  if (!jobs.some(({ phase }) => phase === 'ready' || phase === 'draining')) return;
  await deps.nudges
    .metrics(cluster)
    .catch((err: unknown) => deps.log.warn({ err, cluster }, 'engine figures not asked for'));
}

async function tellGpus(
  deps: ObserveClusterDeps,
  jobs: readonly Job[],
  { sightings }: ClusterSnapshot,
): Promise<void> {
  const figures = new Map<JobId, number>();
  for (const { id, name } of jobs) {
    const figure = sightings.get(name)?.gpuUtilization ?? null;
    if (figure !== null) figures.set(id, figure);
  }
  await deps.metricsBoard
    .publishGpus(figures)
    .catch((err: unknown) => deps.log.warn({ err }, 'figures of GPUs not published'));
}
