import {
  advanceJob,
  type ClusterName,
  type ClusterSnapshot,
  isLive,
  type Job,
  type JobId,
  unseen,
} from '@wakefield/domain';
import type { BoundsLook } from './bounds-look.ts';
import { endOrphans } from './end-orphans.ts';
import { jobFields } from './job-fields.ts';
import { nudgeOwners } from './nudge-owners.ts';
import { type Clock, type ClusterDriver, ClusterError, type Drivers } from './ports/cluster.ts';
import type { MetricsBoard, Nudges, RouteBus } from './ports/messaging.ts';
import type { Log, Telemetry } from './ports/observability.ts';
import type { ClusterStatusStore, JobStore, Lease, RouteStore } from './ports/stores.ts';
import { publishRoutes } from './publish-routes.ts';
import { lookAfterFailure, silenceAfter } from './silence.ts';
import { LEASE_RETRY_MS, type WithLeaseDeps, withLease } from './with-lease.ts';

export interface ObserveClusterDeps extends WithLeaseDeps {
  readonly jobs: Pick<JobStore, 'listLiveForCluster' | 'listLiveNames' | 'advance'>;
  readonly clusters: Pick<ClusterStatusStore, 'save' | 'list'>;
  readonly bounds: BoundsLook;
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

/** Of one look. Before the run is stopped at its own limit, because then it tells nothing. */
const LOOK_AT_MOST_MS = 100_000;

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
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(LOOK_AT_MOST_MS)]);
    snapshot = await driver.observe(live, bounded);
  } catch (error) {
    // We gave it up ourselves, which says nothing of the cluster.
    signal.throwIfAborted();
    return await unreachable(deps, driver, lease, live, error, startedAt);
  }
  deps.telemetry.observed(driver.name, deps.clock.now() - startedAt, 'ok');
  const wasReachable = (await deps.clusters.list()).get(driver.name)?.reachable ?? false;
  const current = await advanceAll(deps, lease, live, snapshot);
  const busy = current.some((job) => job.phase !== 'ready');
  const nextLookMs = busy ? driver.cadence.busyMs : driver.cadence.quietMs;
  const nextLookAt = deps.clock.now() + nextLookMs;
  const { takenAt } = snapshot;
  const status = { reachable: true, observedAt: takenAt, error: null, silence: null, nextLookAt };
  await deps.clusters.save(driver.name, status, lease);
  if (!wasReachable) await nudgeOwners(deps, current);
  await probeStarting(deps, current);
  await askEngines(deps, driver.name, current);
  await tellGpus(deps, current, snapshot);
  await endOrphans(deps, driver, snapshot, signal);
  await deps.bounds.look(driver, lease, signal);
  return nextLookMs;
}

/** Jobs that are moved on in one transaction. Those whose they are hear of it before the next ones are. */
const MOVED_AT_ONCE = 200;

/** @returns live jobs after it */
async function advanceAll(
  deps: ObserveClusterDeps,
  lease: Lease,
  live: readonly Job[],
  { sightings, takenAt }: ClusterSnapshot,
): Promise<readonly Job[]> {
  const current = new Map(live.map((job) => [job.id, job]));
  const moves = live.flatMap((job) => {
    const patch = advanceJob(job, sightings.get(job.name) ?? unseen, takenAt, deps.clock.now());
    return patch === null ? [] : [{ job, patch }];
  });
  for (let from = 0; from < moves.length; from += MOVED_AT_ONCE) {
    const batch = moves.slice(from, from + MOVED_AT_ONCE);
    const written = await deps.jobs.advance(lease, batch);
    if (written.size === 0) continue;
    await publishRoutes(deps);
    await nudgeOwners(deps, [...written.values()]);
    for (const { job } of batch) {
      const after = written.get(job.id);
      if (after !== undefined) current.set(job.id, after);
      if (after !== undefined) tellMove(deps, job, after);
    }
  }
  return [...current.values()].filter(isLive);
}

function tellMove({ telemetry, log }: ObserveClusterDeps, before: Job, after: Job): void {
  telemetry.jobAdvanced(before, after);
  log.info(jobFields(after), after.phase === before.phase ? 'job seen' : 'job moved on');
}

/** Nothing is concluded from silence here: only the status says so, and models and services hear of it. */
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
  const now = deps.clock.now();
  const silence = silenceAfter(before, cadence, startedAt, now);
  const nextLookMs = lookAfterFailure(silence.looks, error.kind, cadence);
  const status = {
    reachable: false,
    observedAt: before?.observedAt ?? null,
    error: error.message,
    silence,
    nextLookAt: now + nextLookMs,
  };
  // Its engines may answer all the same, which counts by the time that it counts as silent.
  await askEngines(deps, name, live);
  await deps.clusters.save(name, status, lease);
  if (silence.looks === 1) deps.log.warn({ err: error, cluster: name }, 'cluster does not answer');
  // From the second on it may count as absent.
  if (silence.looks <= 2) await nudgeOwners(deps, live);
  return nextLookMs;
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
