import {
  defaultRouting,
  type Job,
  type Model,
  type ModelSpec,
  noLimits,
  noTimeouts,
  type Service,
  type ServiceSpec,
} from '@wakefield/domain';

/** A moment in the past, exact to the millisecond, for tests that bring their own time. */
export const SAMPLE_NOW = 1_760_000_000_123;

/** What a project might ask for; every field may be given. */
export function sampleSpec(over: Partial<ModelSpec> = {}): ModelSpec {
  return {
    hfModelId: 'acme/small',
    engine: 'simulator',
    gpuCount: 1,
    walltimeSeconds: 3600,
    walltimeRatio: 0.9,
    idleTimeoutSeconds: 600,
    autoscale: false,
    isRefreshing: true,
    cluster: null,
    otherClusters: [],
    minReplicas: 0,
    maxReplicas: 4,
    engineArgs: { load_seconds: 0.5, fail: 'none', verbose: true },
    resources: { nodes: 1, cpus: null, memory: '64G' },
    timeouts: noTimeouts,
    routing: defaultRouting,
    limits: noLimits,
    ...over,
  };
}

/** A registered model, awake, as its first registration leaves it. */
export function sampleModel(over: Partial<Model> & Pick<Model, 'id' | 'project'>): Model {
  return {
    cluster: 'here',
    spec: sampleSpec(),
    revision: 1,
    registered: true,
    stopRequested: false,
    idle: false,
    replicas: 1,
    replicasChangedAt: null,
    surplusSince: null,
    lastWakeupAt: SAMPLE_NOW,
    lastRequestAt: null,
    generation: 1,
    traceId: '0af7651916cd43dd8448eb211c80319c',
    createdAt: SAMPLE_NOW,
    updatedAt: SAMPLE_NOW,
    ...over,
  };
}

/** A job that was intended a moment ago. */
export function sampleJob(over: Partial<Job> & Pick<Job, 'id' | 'modelId' | 'project'>): Job {
  return {
    cluster: 'here',
    seq: 1,
    name: 'wf-test-0123456789abcdef-1',
    revision: 1,
    serviceId: null,
    phase: 'intended',
    outcome: null,
    reason: null,
    successorOf: null,
    rivalOf: null,
    walltimeSeconds: 3600,
    shape: 'any',
    clusterJobId: null,
    node: null,
    address: null,
    capacity: null,
    intendedAt: SAMPLE_NOW,
    submittedAt: null,
    forecastAt: null,
    expectedStart: null,
    firstExpected: null,
    startedAt: null,
    endsAt: null,
    building: false,
    nodeLeaving: false,
    readyAt: null,
    drainUntil: null,
    endAskedAt: null,
    cancelledAt: null,
    endedAt: null,
    ...over,
  };
}

/** What somebody might start; every field may be given. */
export function sampleServiceSpec(over: Partial<ServiceSpec> = {}): ServiceSpec {
  return {
    name: 'simulator-1',
    recipe: 'simulator',
    cluster: null,
    keep: false,
    model: 'wakefield/simulated',
    args: { load_seconds: 2 },
    environment: { SIMULATOR_MODEL: 'wakefield/simulated', SIMULATOR_LOAD_SECONDS: '2' },
    exported: {},
    ignored: {},
    resources: { nodes: 1, cpu: 1, memory: '512M', walltimeMinutes: 60, gpu: null },
    access: {
      permission: 'infer',
      key: { kind: 'authorization', scheme: 'Bearer' },
      underBasePath: false,
      websocket: false,
    },
    ...over,
  };
}

/** A service as its start leaves it. */
export function sampleService(over: Partial<Service> & Pick<Service, 'id' | 'project'>): Service {
  return {
    cluster: 'here',
    spec: sampleServiceSpec(),
    stopRequested: false,
    generation: 1,
    createdBy: 'tester',
    traceId: '0af7651916cd43dd8448eb211c80319c',
    createdAt: SAMPLE_NOW,
    updatedAt: SAMPLE_NOW,
    ...over,
  };
}
