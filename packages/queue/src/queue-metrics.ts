import { jobStates, type QueueFigures, queueFigures } from './queue-figures.ts';
import type { RedisAccess } from './redis-access.ts';

interface Gauge {
  reset(): void;
  set(labels: Record<string, string>, value: number): void;
}

interface Counter {
  reset(): void;
  inc(labels: Record<string, string>, value: number): void;
}

interface Description<M> {
  readonly name: string;
  readonly help: string;
  readonly labelNames: string[];
  collect(this: M): Promise<void>;
}

/** The part of a metrics registry that is needed here; runtime's `Metrics` has it. */
export interface MetricsRegistry {
  gauge(description: Description<Gauge>): unknown;
  counter(description: Description<Counter>): unknown;
}

/** How long one look at the queues serves all metrics of a scrape. */
const sharedForMs = 500;

/**
 * Queue figures for Prometheus, read from Redis when someone scrapes. They describe the whole installation, so one
 * service should register them (several would tell the same). While Redis is away they are absent.
 */
export function registerQueueMetrics(metrics: MetricsRegistry, redis: RedisAccess): void {
  const read = sharedRead(redis);
  const labelNames = ['queue'];
  metrics.gauge({
    name: 'wakefield_queue_jobs',
    help: 'Jobs in a queue by state',
    labelNames: ['queue', 'state'],
    async collect() {
      const all = await read();
      this.reset();
      for (const { queue, jobs } of all) {
        for (const state of jobStates) this.set({ queue, state }, jobs[state]);
      }
    },
  });
  metrics.gauge({
    name: 'wakefield_queue_oldest_waiting_seconds',
    help: 'Age of the job that waits longest',
    labelNames,
    async collect() {
      const all = await read();
      this.reset();
      for (const { queue, oldestWaitingSeconds } of all) this.set({ queue }, oldestWaitingSeconds);
    },
  });
  metrics.counter({
    name: 'wakefield_queue_processed_total',
    help: 'Runs that ended, failed ones included',
    labelNames,
    async collect() {
      const all = await read();
      this.reset();
      for (const { queue, processedTotal } of all) this.inc({ queue }, processedTotal);
    },
  });
  metrics.counter({
    name: 'wakefield_queue_failed_total',
    help: 'Runs that failed',
    labelNames,
    async collect() {
      const all = await read();
      this.reset();
      for (const { queue, failedTotal } of all) this.inc({ queue }, failedTotal);
    },
  });
}

/** A scrape must not fail because Redis is away: no figures then. */
function sharedRead(redis: RedisAccess): () => Promise<readonly QueueFigures[]> {
  let last: { readonly at: number; readonly figures: Promise<readonly QueueFigures[]> } | null =
    null;
  return () => {
    const now = performance.now();
    if (last === null || now - last.at > sharedForMs) {
      const figures = queueFigures(redis).catch((error: unknown) => {
        redis.log.debug({ err: error }, 'queue figures not known');
        return [];
      });
      last = { at: now, figures };
    }
    return last.figures;
  };
}
