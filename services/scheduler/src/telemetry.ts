import type { ClusterStatusStore, JobStore, Telemetry } from '@wakefield/control';
import type { ClusterName, Job } from '@wakefield/domain';
import { type Metrics, wakeBuckets } from '@wakefield/runtime';

/**
 * Steps of a wake, each from the moment it begins to the moment the next one does. Counted when the latter
 * becomes known, whatever the phase: a job that was found on the cluster skips some.
 */
const steps = [
  { step: 'submit', from: 'intendedAt', to: 'submittedAt' },
  { step: 'queue', from: 'submittedAt', to: 'startedAt' },
  { step: 'load', from: 'startedAt', to: 'readyAt' },
  { step: 'total', from: 'intendedAt', to: 'readyAt' },
] as const satisfies readonly {
  readonly step: string;
  readonly from: keyof Job;
  readonly to: keyof Job;
}[];

/** Both sides of nought: who was told too early a time waits, who was told too late a one has gone away. */
const errorBuckets = [-21_600, -3_600, -600, -60, -10, -1, 0, 1, 10, 60, 600, 3_600, 21_600];

const reconcileBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120];

/** Where figures are read that hold for all schedulers. */
export interface TelemetryStores {
  readonly jobs: Pick<JobStore, 'countLive'>;
  readonly clusters: Pick<ClusterStatusStore, 'list'>;
}

/**
 * The scheduler's own Prometheus metrics.
 * @param names of the clusters in the configuration
 */
export function createTelemetry(
  metrics: Metrics,
  stores: TelemetryStores,
  names: readonly ClusterName[],
  now: () => number,
): Telemetry {
  const { jobs, clusters } = stores;
  const wake = metrics.histogram({
    name: 'wakefield_wake_duration_seconds',
    help: 'From intending a job to its engine being ready, by step and cluster',
    labelNames: ['phase', 'cluster'],
    buckets: [...wakeBuckets],
  });
  const ended = metrics.counter({
    name: 'wakefield_jobs_ended_total',
    help: 'Jobs that are over, by cluster and outcome',
    labelNames: ['cluster', 'outcome'],
  });
  const intended = metrics.counter({
    name: 'wakefield_jobs_intended_total',
    help: 'Jobs that were intended, by cluster',
    labelNames: ['cluster'],
  });
  const startErrors = metrics.histogram({
    name: 'wakefield_start_estimate_error_seconds',
    help: 'How far the start of a job lay outside of what was told first: before it (negative), after it, 0 within; by source',
    labelNames: ['source'],
    buckets: errorBuckets,
  });
  const observations = metrics.counter({
    name: 'wakefield_cluster_observations_total',
    help: 'Bulk looks at a cluster, by outcome',
    labelNames: ['cluster', 'outcome'],
  });
  const observationSeconds = metrics.histogram({
    name: 'wakefield_cluster_observation_duration_seconds',
    help: 'Length of one bulk look at a cluster',
    labelNames: ['cluster'],
    buckets: reconcileBuckets,
  });
  const reconcileSeconds = metrics.histogram({
    name: 'wakefield_reconcile_duration_seconds',
    help: 'Length of one run of the loop for one model',
    labelNames: ['acted'],
    buckets: reconcileBuckets,
  });
  const scaleChanges = metrics.counter({
    name: 'wakefield_scale_changes_total',
    help: 'Jobs that the load of autoscaled models added or took away, over all models',
    labelNames: ['direction'],
  });
  for (const direction of ['up', 'down']) scaleChanges.inc({ direction }, 0);
  const startedAt = now();
  let lastGood: ReadonlyMap<ClusterName, number | null> = new Map();
  metrics.gauge({
    name: 'wakefield_cluster_observation_age_seconds',
    help: 'Time since any scheduler last had an answer from the cluster; since the start of this one where none ever had',
    labelNames: ['cluster'],
    async collect() {
      // While the store is away the age goes on growing from what was read last: nobody observes then.
      const status = await clusters.list().catch(() => null);
      if (status !== null)
        lastGood = new Map([...status].map(([name, { observedAt }]) => [name, observedAt]));
      for (const cluster of names) {
        const at = lastGood.get(cluster) ?? startedAt;
        this.set({ cluster }, Math.max(0, now() - at) / 1000);
      }
    },
  });
  metrics.gauge({
    name: 'wakefield_jobs',
    help: 'Live jobs by cluster and phase',
    labelNames: ['cluster', 'phase'],
    async collect() {
      const counts = await jobs.countLive().catch(() => null);
      if (counts === null) return;
      this.reset();
      for (const { cluster, phase, count } of counts) this.set({ cluster, phase }, count);
    },
  });
  const scoreStart = (before: Job, after: Job) => {
    const missed = missedStart(before, after);
    if (missed !== null) startErrors.observe({ source: missed.source }, missed.seconds);
  };
  return {
    jobAdvanced: (before, after) => {
      if (before === null) {
        intended.inc({ cluster: after.cluster });
        return;
      }
      for (const { step, from, to } of steps) {
        const seconds = before[to] === null ? between(after[from], after[to]) : null;
        if (seconds !== null) wake.observe({ phase: step, cluster: after.cluster }, seconds);
      }
      scoreStart(before, after);
      if (after.phase === 'ended' && before.phase !== 'ended') {
        ended.inc({ cluster: after.cluster, outcome: after.outcome ?? 'lost' });
      }
    },
    observed: (cluster, durationMs, outcome) => {
      observations.inc({ cluster, outcome });
      observationSeconds.observe({ cluster }, durationMs / 1000);
    },
    scaled: (from, to) => {
      scaleChanges.inc({ direction: to > from ? 'up' : 'down' }, Math.abs(to - from));
    },
    reconciled: (durationMs, acted) => {
      reconcileSeconds.observe({ acted: String(acted) }, durationMs / 1000);
    },
  };
}

/** How far a job's start lay outside of what was told first of it; null where it did not just start. */
function missedStart(before: Job, { startedAt, firstExpected }: Job) {
  if (before.startedAt !== null || startedAt === null || firstExpected === null) return null;
  const { from, to, source } = firstExpected;
  const early = Math.min(0, startedAt - from);
  const late = Math.max(0, startedAt - to);
  return { source, seconds: (early + late) / 1000 };
}

/** Seconds between two moments; null when one is missing or the clocks disagree. */
function between(from: number | null, to: number | null): number | null {
  return from === null || to === null || to < from ? null : (to - from) / 1000;
}
