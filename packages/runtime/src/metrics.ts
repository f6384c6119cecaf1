import {
  AggregatorRegistry,
  Counter,
  type CounterConfiguration,
  collectDefaultMetrics,
  Gauge,
  type GaugeConfiguration,
  Histogram,
  type HistogramConfiguration,
  type MetricObject,
  Registry,
} from 'prom-client';

/** One process's Prometheus metrics. Every service makes its own counters from it, once, in compose.ts. */
export interface Metrics {
  counter<L extends string>(config: CounterConfiguration<L>): Counter<L>;
  /** With `collect`, the value is fetched when someone scrapes. */
  gauge<L extends string>(config: GaugeConfiguration<L>): Gauge<L>;
  histogram<L extends string>(config: HistogramConfiguration<L>): Histogram<L>;
  /** The text of `/metrics`. */
  expose(): Promise<Exposition>;
  /** The same for `sumMetrics`. */
  exposeJson(): Promise<Exposition>;
}

/** What `/metrics` answers. */
export interface Exposition {
  readonly contentType: string;
  readonly body: string;
}

export type { Counter, Gauge, Histogram };

/** Buckets in seconds for answers of a server: 1 ms to a minute. */
export const answerBuckets: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
];

/** Buckets in seconds for phases of a wake: 100 ms to an hour. */
export const wakeBuckets: readonly number[] = [
  0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600,
];

/** A registry of its own with Node's default metrics and a `service` label on everything. */
export function createMetrics({ service }: { readonly service: string }): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  return {
    counter: (config) => new Counter({ ...config, registers }),
    gauge: (config) => new Gauge({ ...config, registers }),
    histogram: (config) => new Histogram({ ...config, registers }),
    expose: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
    exposeJson: async () => ({
      contentType: 'application/json',
      body: JSON.stringify(await registry.getMetricsAsJSON()),
    }),
  };
}

/**
 * The figures of several processes of one service as one: sums, but for gauges that name another `aggregator`.
 * @param bodies of their `exposeJson`
 */
export async function sumMetrics(bodies: readonly string[]): Promise<Exposition> {
  const registry = AggregatorRegistry.aggregate(bodies.map(metricsIn));
  return { contentType: registry.contentType, body: await registry.metrics() };
}

/**
 * What stays of processes that are no more: counters and histograms, which may never fall (Prometheus takes that for a
 * beginning from 0 and counts the rest again). Gauges tell of now, and go with their process.
 * @param bodies of their `exposeJson`, or of earlier calls
 * @returns one for `sumMetrics`
 */
export async function keepTotals(bodies: readonly string[]): Promise<string> {
  const all = bodies.map((body) => metricsIn(body).filter((metric) => totals.has(typeOf(metric))));
  return JSON.stringify(await AggregatorRegistry.aggregate(all).getMetricsAsJSON());
}

const totals: ReadonlySet<string> = new Set(['counter', 'histogram']);

function metricsIn(body: string): MetricObject[] {
  return JSON.parse(body) as MetricObject[];
}

/** As JSON it is a word; prom-client declares a number. */
function typeOf({ type }: MetricObject): string {
  return String(type);
}
