import {
  type EngineMetrics,
  hasQueue,
  type Job,
  type JobId,
  learnCapacity,
} from '@wakefield/domain';
import { engineTargets } from './engine-target.ts';
import { jobFields } from './job-fields.ts';
import type { EngineProber, EngineTarget } from './ports/cluster.ts';
import type { MetricsBoard } from './ports/messaging.ts';
import type { Log } from './ports/observability.ts';
import type { JobStore } from './ports/stores.ts';

export interface ReadMetricsDeps {
  readonly jobs: Pick<JobStore, 'listEngines' | 'patch'>;
  readonly prober: EngineProber;
  readonly metricsBoard: Pick<MetricsBoard, 'publish' | 'read' | 'answered'>;
  readonly log: Log;
}

const AT_ONCE = 16;
const ENGINE_TIMEOUT_MS = 1_000;

/**
 * Scrapes every serving engine once and puts the figures where readers find them, and which of them answered. What
 * they tell of an engine's limit is kept with its job.
 */
export async function readMetrics(
  deps: ReadMetricsDeps,
  jobs: readonly Job[],
  gpu: ReadonlyMap<JobId, number>,
  signal: AbortSignal,
): Promise<void> {
  const serving = jobs.filter((job) => job.phase === 'ready' || job.phase === 'draining');
  if (serving.length === 0) return;
  const targets = await engineTargets(deps, serving);
  const figures = new Map<JobId, EngineMetrics>();
  const answered: JobId[] = [];
  const queue = serving.values();
  const scrape = async () => {
    for (const { id } of queue) {
      const read = await scrapeOne(deps, targets.get(id) ?? null, signal);
      if (read !== null) answered.push(id);
      figures.set(id, withGpu(read, gpu.get(id) ?? null));
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, serving.length) }, scrape));
  await learn(deps, serving, figures);
  await deps.metricsBoard
    .publish(figures)
    .then(() => deps.metricsBoard.answered(answered))
    .catch((err: unknown) => deps.log.warn({ err }, 'engine figures not published'));
}

/** The figures of the look before are on the board still: it is not asked while no engine has a queue. */
async function learn(
  deps: ReadMetricsDeps,
  serving: readonly Job[],
  figures: ReadonlyMap<JobId, EngineMetrics>,
): Promise<void> {
  const queueing = [...figures].filter(([, now]) => hasQueue(now)).map(([id]) => id);
  const before = await deps.metricsBoard
    .read(queueing)
    .catch(() => new Map<JobId, EngineMetrics>());
  for (const job of serving) {
    const now = figures.get(job.id);
    if (now === undefined || job.phase !== 'ready') continue;
    const capacity = learnCapacity(job.capacity, before.get(job.id) ?? null, now);
    if (capacity === null) continue;
    await deps.jobs.patch(job.id, ['ready'], { capacity });
    deps.log.info(
      { ...jobFields(job), from: job.capacity, capacity },
      'capacity of an engine learned',
    );
  }
}

/** null: it does not answer. */
async function scrapeOne(
  deps: ReadMetricsDeps,
  target: EngineTarget | null,
  signal: AbortSignal,
): Promise<EngineMetrics | null> {
  if (target === null) return null;
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(ENGINE_TIMEOUT_MS)]);
  return await deps.prober.metrics(target, bounded).catch(() => null);
}

/** The cluster knows of its GPUs better than the engine. */
function withGpu(read: EngineMetrics | null, gpuUtilization: number | null): EngineMetrics {
  return {
    gpuUtilization: gpuUtilization ?? read?.gpuUtilization ?? null,
    waitingRequests: read?.waitingRequests ?? null,
    runningRequests: read?.runningRequests ?? null,
  };
}
