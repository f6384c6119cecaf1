import type {
  ClusterJob,
  Command,
  CommandBody,
  CommandContext,
  CommandInput,
  Endpoint,
  ExitRecord,
  Job,
  JobPhase,
  JobSighting,
  Model,
  ModelSpec,
  Observed,
  Project,
  Service,
  ServiceSpec,
  TotalDemand,
} from '../src/index.ts';
import { defaultRouting, noLimits, noTimeouts, unseen } from '../src/index.ts';

/** Some moment; tests count from it. */
export const t0 = 1_700_000_000_000;
export const second = 1_000;
export const minute = 60 * second;
export const hour = 60 * minute;

export function spec(over: Partial<ModelSpec> = {}): ModelSpec {
  return {
    hfModelId: 'org/model',
    engine: 'vllm',
    gpuCount: 1,
    walltimeSeconds: 3_600,
    walltimeRatio: 0.9,
    idleTimeoutSeconds: 600,
    autoscale: false,
    isRefreshing: true,
    cluster: null,
    otherClusters: [],
    minReplicas: 0,
    maxReplicas: 4,
    engineArgs: {},
    resources: { nodes: 1, cpus: null, memory: null },
    timeouts: noTimeouts,
    routing: defaultRouting,
    limits: noLimits,
    ...over,
  };
}

/** Registered, woken at t0. */
export function model(over: Partial<Model> = {}, specOver: Partial<ModelSpec> = {}): Model {
  return {
    id: 'm1',
    project: 'demo',
    cluster: 'c1',
    spec: spec(specOver),
    revision: 1,
    registered: true,
    stopRequested: false,
    idle: false,
    replicas: 1,
    replicasChangedAt: null,
    surplusSince: null,
    lastWakeupAt: t0,
    lastRequestAt: null,
    generation: 1,
    traceId: 'trace',
    createdAt: t0 - hour,
    updatedAt: t0,
    ...over,
  };
}

/** Started at t0. */
export function service(over: Partial<Service> = {}, spec: Partial<ServiceSpec> = {}): Service {
  return {
    id: 's1',
    project: 'demo',
    cluster: 'c1',
    spec: {
      name: 'tool',
      recipe: 'vector/tool',
      cluster: null,
      keep: false,
      model: null,
      args: {},
      environment: {},
      exported: {},
      ignored: {},
      resources: { nodes: 1, cpu: 1, memory: '1G', walltimeMinutes: 60, gpu: null },
      access: {
        permission: 'manage',
        key: { kind: 'none' },
        underBasePath: false,
        websocket: false,
      },
      ...spec,
    },
    stopRequested: false,
    generation: 1,
    createdBy: 'local',
    traceId: 'trace',
    createdAt: t0,
    updatedAt: t0,
    ...over,
  };
}

/** A job in the given phase with everything that it must have got on its way there. */
export function job(phase: JobPhase, over: Partial<Job> = {}): Job {
  const seq = over.seq ?? 1;
  const started = phase === 'starting' || phase === 'ready' || phase === 'draining';
  return {
    id: `j${seq}`,
    modelId: 'm1',
    serviceId: null,
    project: 'demo',
    cluster: 'c1',
    seq,
    name: `wf-test-m1-${seq}`,
    revision: 1,
    phase,
    outcome: null,
    reason: null,
    successorOf: null,
    rivalOf: null,
    walltimeSeconds: 3_600,
    shape: 'any',
    clusterJobId: phase === 'intended' ? null : String(100 + seq),
    node: started ? 'cn01' : null,
    address: started ? { host: 'cn01', port: 20_000 + seq } : null,
    capacity: null,
    intendedAt: t0,
    submittedAt: phase === 'intended' ? null : t0,
    forecastAt: null,
    expectedStart: null,
    firstExpected: null,
    startedAt: started ? t0 : null,
    endsAt: started ? t0 + hour : null,
    building: false,
    nodeLeaving: false,
    readyAt: phase === 'ready' || phase === 'draining' ? t0 : null,
    drainUntil: phase === 'draining' ? t0 + 5 * minute : null,
    endAskedAt: null,
    cancelledAt: null,
    endedAt: phase === 'ended' ? t0 : null,
    ...over,
  };
}

export function demand(over: Partial<TotalDemand> = {}): TotalDemand {
  const { running = 0, held = 0 } = over;
  const average = over.average ?? running + held;
  return {
    isWhole: true,
    running,
    held,
    average,
    peak: average,
    lastRequestAt: null,
    runningByJob: {},
    ...over,
  };
}

export function observed(jobs: readonly Job[], over: Partial<Observed> = {}): Observed {
  return {
    jobs,
    demand: demand(),
    clusters: { c1: { reachable: true, observedAt: t0, error: null, silence: null } },
    history: {},
    answering: [],
    ...over,
  };
}

export const unreachable: Observed['clusters'] = {
  c1: {
    reachable: false,
    observedAt: t0,
    error: 'connect ETIMEDOUT',
    silence: { since: t0, looks: 2 },
  },
};

function clusterJob(over: Partial<ClusterJob> = {}): ClusterJob {
  return {
    clusterJobId: '101',
    name: 'wf-test-m1-1',
    state: 'running',
    reason: null,
    node: 'cn01',
    submittedAt: t0,
    forecastAt: null,
    startedAt: t0,
    endsAt: t0 + hour,
    nodeLeaving: false,
    ...over,
  };
}

export function sighting(
  seen: Partial<ClusterJob> | null,
  over: Partial<JobSighting> = {},
): JobSighting {
  return {
    ...unseen,
    clusterJob: seen === null ? null : clusterJob(seen),
    ...over,
  };
}

export function exit(over: Partial<ExitRecord> = {}): ExitRecord {
  return { exitCode: 1, cause: 'engine', at: t0 + minute, ...over };
}

export function project(over: Partial<Project> = {}): Project {
  return { name: 'demo', clusters: ['c1'], createdAt: t0, updatedAt: t0, ...over };
}

function command(body: CommandBody): Command {
  return {
    id: 'k1',
    project: 'demo',
    body,
    by: 'local',
    acceptedAt: t0,
    outcome: null,
    finishedAt: null,
    traceId: 'new-trace',
  };
}

export function commandContext(
  body: CommandBody,
  over: Partial<Omit<CommandContext, 'command'>> = {},
): CommandContext {
  return {
    command: command(body),
    project: project(),
    model: null,
    liveJobs: [],
    service: null,
    ...over,
  };
}

export const commandInput: CommandInput = {
  now: t0 + minute,
  newModelId: 'new-model',
  defaultCluster: 'c1',
};

export function endpoint(jobId: string, capacity: number | null = null, weight = 1): Endpoint {
  return {
    jobId,
    cluster: 'c1',
    address: { host: 'cn01', port: 1 },
    engineKey: 'k',
    capacity,
    weight,
    servesUntil: null,
  };
}
