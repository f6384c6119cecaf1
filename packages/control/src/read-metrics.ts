import type { EngineMetrics, Job, JobId } from '@wakefield/domain';
import { engineTarget } from './engine-target.ts';
import type { EngineProber } from './ports/cluster.ts';
import type { MetricsBoard } from './ports/messaging.ts';
import type { Log } from './ports/observability.ts';
import type { JobStore, ModelStore } from './ports/stores.ts';

export interface ReadMetricsDeps {
  readonly jobs: Pick<JobStore, 'engineKey'>;
  readonly models: Pick<ModelStore, 'get'>;
  readonly prober: EngineProber;
  readonly metricsBoard: Pick<MetricsBoard, 'publish'>;
  readonly log: Log;
}

const AT_ONCE = 16;
const ENGINE_TIMEOUT_MS = 1_000;

/** Scrapes every serving engine once and puts the figures where readers find them. */
export async function readMetrics(
  deps: ReadMetricsDeps,
  jobs: readonly Job[],
  gpu: ReadonlyMap<JobId, number>,
  signal: AbortSignal,
): Promise<void> {
  const serving = jobs.filter((job) => job.phase === 'ready' || job.phase === 'draining');
  const figures = new Map<JobId, EngineMetrics>();
  const queue = serving.values();
  const scrape = async () => {
    for (const job of queue)
      figures.set(job.id, await scrapeOne(deps, job, gpu.get(job.id) ?? null, signal));
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, serving.length) }, scrape));
  if (figures.size === 0) return;
  await deps.metricsBoard
    .publish(figures)
    .catch((err: unknown) => deps.log.warn({ err }, 'engine figures not published'));
}

async function scrapeOne(
  deps: ReadMetricsDeps,
  job: Job,
  gpuUtilization: number | null,
  signal: AbortSignal,
): Promise<EngineMetrics> {
  const target = await engineTarget(deps, job);
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(ENGINE_TIMEOUT_MS)]);
  const read =
    target === null ? null : await deps.prober.metrics(target, bounded).catch(() => null);
  return {
    gpuUtilization: gpuUtilization ?? read?.gpuUtilization ?? null,
    waitingRequests: read?.waitingRequests ?? null,
    runningRequests: read?.runningRequests ?? null,
  };
}
