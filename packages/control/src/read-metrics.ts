import {
  type ClusterName,
  type EngineMetrics,
  hasQueue,
  type Job,
  type JobId,
  learnCapacity,
  type Policy,
} from '@wakefield/domain';
import { engineTargets } from './engine-target.ts';
import { jobFields } from './job-fields.ts';
import type { Clock, Drivers, EngineProber, EngineTarget } from './ports/cluster.ts';
import type { MetricsBoard } from './ports/messaging.ts';
import type { Log } from './ports/observability.ts';
import type { JobStore } from './ports/stores.ts';

export interface ReadMetricsDeps {
  readonly jobs: Pick<JobStore, 'listLiveForCluster' | 'listEngines' | 'patch'>;
  readonly drivers: Drivers;
  readonly prober: EngineProber;
  readonly metricsBoard: Pick<MetricsBoard, 'publish' | 'read' | 'answered'>;
  readonly policy: Pick<Policy, 'assumedCapacity'>;
  readonly clock: Clock;
  readonly log: Log;
}

const AT_ONCE = 64;
/** Answers are passed on after so many engines: those that hang hold up what others said for a few seconds only. */
const PAGE = 512;
/** By the way to an engine; over HEAppE each call is HTTPS, an authentication and a tunnel, the first an ssh login. */
const ENGINE_TIMEOUT_MS = { direct: 1_000, ssh: 1_000, heappe: 5_000 } as const;

/**
 * Asks every serving engine of a cluster once and puts the figures where readers find them, and which of them
 * answered. What they tell of an engine's limit is kept with its job.
 */
export async function readMetrics(
  deps: ReadMetricsDeps,
  name: ClusterName,
  signal: AbortSignal,
): Promise<void> {
  const driver = deps.drivers.get(name);
  if (driver === undefined) return;
  const { patienceMs, quietMs } = driver.cadence;
  // While a cluster is silent they are asked after each look at it: one of two may be missed.
  const lifeMs = 2 * (patienceMs + quietMs);
  const live = await deps.jobs.listLiveForCluster(name);
  const serving = live.filter((job) => job.phase === 'ready' || job.phase === 'draining');
  for (let from = 0; from < serving.length && !signal.aborted; from += PAGE) {
    const page = serving.slice(from, from + PAGE);
    const boundMs = ENGINE_TIMEOUT_MS[driver.transport.kind];
    const { figures, answered } = await scrape(deps, page, boundMs, signal);
    await deps.metricsBoard
      .publish(await learn(deps, page, figures), lifeMs)
      .then(() => deps.metricsBoard.answered(answered, lifeMs))
      .catch((err: unknown) => deps.log.warn({ err }, 'engine figures not published'));
  }
}

async function scrape(
  deps: ReadMetricsDeps,
  jobs: readonly Job[],
  boundMs: number,
  signal: AbortSignal,
) {
  const targets = await engineTargets(deps, jobs);
  const figures = new Map<JobId, EngineMetrics>();
  const answered: JobId[] = [];
  const queue = jobs.values();
  const work = async () => {
    for (const { id } of queue) {
      const read = await scrapeOne(deps, targets.get(id) ?? null, boundMs, signal);
      if (read !== null) answered.push(id);
      figures.set(id, read ?? nothing);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, jobs.length) }, work));
  return { figures, answered };
}

const nothing: EngineMetrics = {
  gpuUtilization: null,
  waitingRequests: null,
  runningRequests: null,
};

/**
 * What the look before remembered is on the board still: it is not asked while no engine has a queue.
 * @returns the figures with what is to be remembered
 */
async function learn(
  deps: ReadMetricsDeps,
  serving: readonly Job[],
  figures: ReadonlyMap<JobId, EngineMetrics>,
): Promise<ReadonlyMap<JobId, EngineMetrics>> {
  const at = deps.clock.now();
  const queueing = [...figures].filter(([, now]) => hasQueue(now)).map(([id]) => id);
  const before = await deps.metricsBoard
    .read(queueing)
    .catch(() => new Map<JobId, EngineMetrics>());
  const remembered = new Map(figures);
  for (const job of serving) {
    const now = figures.get(job.id);
    if (now === undefined || job.phase !== 'ready') continue;
    const { assumedCapacity } = deps.policy;
    const last = before.get(job.id)?.full ?? null;
    const { capacity, full } = learnCapacity(job.capacity, assumedCapacity, last, now, at);
    if (full !== null) remembered.set(job.id, { ...now, full });
    if (capacity === null) continue;
    // Without a lease, which this run has none of: what an engine tells of itself is as true whoever heard it.
    await deps.jobs.patch(job.id, ['ready'], { capacity });
    deps.log.info(
      { ...jobFields(job), from: job.capacity, capacity },
      'capacity of an engine learned',
    );
  }
  return remembered;
}

/** null: it does not answer. */
async function scrapeOne(
  deps: ReadMetricsDeps,
  target: EngineTarget | null,
  boundMs: number,
  signal: AbortSignal,
): Promise<EngineMetrics | null> {
  if (target === null) return null;
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(boundMs)]);
  return await deps.prober.metrics(target, bounded).catch(() => null);
}
