import type { JobJson, ModelJson } from '@wakefield/contracts';
import type { ModelWithStatus } from '@wakefield/control';
import {
  clustersOf,
  type Demand,
  type EngineMetrics,
  type Expectation,
  isLeaving,
  isLive,
  type Job,
  type ModelState,
  type StartEstimate,
} from '@wakefield/domain';
import { iso, isoOrNull } from '../../http/iso.ts';

const noMetrics: EngineMetrics = {
  gpuUtilization: null,
  waitingRequests: null,
  runningRequests: null,
};

/**
 * @param jobs of this model; only live ones are shown, oldest first
 * @param demand what the proxies count now; null where nobody tells
 */
export function presentModel(
  model: ModelWithStatus,
  jobs: readonly Job[],
  metrics: ReadonlyMap<string, EngineMetrics>,
  demand: Demand = null,
): ModelJson {
  const { spec } = model;
  return {
    hf_model_id: spec.hfModelId,
    project: model.project,
    gpu_count: spec.gpuCount,
    engine: spec.engine,
    walltime: spec.walltimeSeconds,
    walltime_ratio: spec.walltimeRatio,
    idle_timeout: spec.idleTimeoutSeconds,
    autoscale: spec.autoscale,
    is_refreshing: spec.isRefreshing,
    cluster: model.cluster,
    clusters: [...clustersOf(model)],
    min_replicas: spec.minReplicas,
    max_replicas: spec.maxReplicas,
    engine_args: { ...spec.engineArgs },
    resources: {
      nodes: spec.resources.nodes,
      cpus: spec.resources.cpus,
      memory: spec.resources.memory,
    },
    timeouts: {
      connect: spec.timeouts.connectSeconds,
      first_byte: spec.timeouts.firstByteSeconds,
      between_bytes: spec.timeouts.betweenBytesSeconds,
      total: spec.timeouts.totalSeconds,
    },
    routing: {
      policy: spec.routing.policy,
      session_header: spec.routing.sessionHeader,
      weights: { ...spec.routing.weights },
    },
    limits: {
      requests_per_minute: spec.limits.requestsPerMinute,
      tokens_per_minute: spec.limits.tokensPerMinute,
      concurrent_requests: spec.limits.concurrentRequests,
    },
    state: modelState(model.state, demand),
    reason: model.reason,
    idle: model.idle,
    replicas: model.replicas,
    last_wakeup: isoOrNull(model.lastWakeupAt),
    last_request: isoOrNull(model.lastRequestAt),
    created_at: iso(model.createdAt),
    updated_at: iso(model.updatedAt),
    expected_start: presentStart(nextStart(jobs)),
    expected_ready: model.expectedReady === null ? null : presentSpan(model.expectedReady),
    jobs: jobs
      .filter(isLive)
      .toSorted((a, b) => a.seq - b.seq)
      .map((job) => presentJob(job, metrics.get(job.id) ?? noMetrics, demand)),
  };
}

/** Plans are made seconds apart; whether a ready model is at work is told as of now. */
function modelState(state: ModelState, demand: Demand): ModelState {
  if (demand === null || (state !== 'ready' && state !== 'busy')) return state;
  if (demand.running + demand.held > 0) return 'busy';
  return demand.isWhole ? 'ready' : state;
}

function presentJob(job: Job, metrics: EngineMetrics, demand: Demand): JobJson {
  return {
    id: job.id,
    state: jobState(job, metrics, demand),
    cluster: job.cluster,
    cluster_job_id: job.clusterJobId,
    node: job.node,
    submitted_at: isoOrNull(job.submittedAt),
    started_at: isoOrNull(job.startedAt),
    ends_at: isoOrNull(job.endsAt),
    reason: job.reason,
    successor_of: job.successorOf,
    draining: isLeaving(job),
    expected_start: waits(job) ? presentStart(job.expectedStart) : null,
    metrics: {
      gpu_utilization: metrics.gpuUtilization,
      waiting_requests: metrics.waitingRequests,
      running_requests: metrics.runningRequests,
    },
  };
}

/** A job that has to start yet, and may. */
function waits(job: Job): boolean {
  return (job.phase === 'intended' || job.phase === 'queued') && !isLeaving(job);
}

function presentStart(start: StartEstimate | null): JobJson['expected_start'] {
  return start === null ? null : { ...presentSpan(start), source: start.source };
}

function presentSpan({ from, to }: Expectation): { readonly from: string; readonly to: string } {
  return { from: iso(from), to: iso(to) };
}

/** Of the first job that a model without a started one waits for. */
function nextStart(jobs: readonly Job[]): StartEstimate | null {
  const current = jobs.filter((job) => isLive(job) && !isLeaving(job));
  if (!current.every(waits)) return null;
  const known = current.map(({ expectedStart }) => expectedStart).filter((start) => start !== null);
  return known.sort((a, b) => a.from - b.from)[0] ?? null;
}

/** Phases of a job folded to the words of the seed document. */
function jobState(job: Job, metrics: EngineMetrics, demand: Demand): JobJson['state'] {
  if (isLeaving(job)) return 'draining';
  switch (job.phase) {
    case 'intended':
    case 'queued':
      return 'queued';
    case 'starting':
      return 'loading';
    default:
      return isBusy(job, metrics, demand) ? 'busy' : 'ready';
  }
}

/** The proxies' own counts where they are known; the engine's are seconds old. */
function isBusy(job: Job, metrics: EngineMetrics, demand: Demand): boolean {
  if ((demand?.runningByJob[job.id] ?? 0) > 0) return true;
  if (demand?.isWhole === true) return false;
  return (metrics.runningRequests ?? 0) + (metrics.waitingRequests ?? 0) > 0;
}
