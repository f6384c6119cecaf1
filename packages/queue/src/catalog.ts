import { z } from 'zod';

/** One kind of job. Its payload is an id; what it means is in Postgres. */
interface JobKind {
  /** Name of the field by which the id is found in logs. */
  readonly idField: 'commandId' | 'modelId' | 'serviceId' | 'cluster' | 'jobId' | 'sweep';
  /** A run that takes longer is told to stop, then given up. */
  readonly timeLimitMs: number;
}

/** How a queue is worked off. */
export interface QueueKind {
  readonly jobs: Readonly<Record<string, JobKind>>;
  /** Runs at once in one process, where the consumer does not say otherwise. Runs wait for others, not for the CPU. */
  readonly concurrency: number;
  /**
   * Finished jobs kept for people to look at. 0 where the job's own id is its identity: BullMQ takes a second
   * job of the same id for a duplicate as long as the first is stored, finished or not.
   */
  readonly keep: { readonly completed: number; readonly failed: number };
}

/** Every queue and every job in it. The one place that producers, consumers and dashboards read. */
export const queueCatalog = {
  commands: {
    jobs: { command: { idField: 'commandId', timeLimitMs: 30_000 } },
    concurrency: 16,
    keep: { completed: 0, failed: 0 },
  },
  /** Apart from the commands, each of which is done in a moment: a place is held for as long as a cluster takes. */
  activations: {
    // Longer than a cluster has: that it took too long is told before the run is stopped.
    jobs: { activation: { idField: 'commandId', timeLimitMs: 200_000 } },
    concurrency: 16,
    keep: { completed: 0, failed: 0 },
  },
  reconcile: {
    jobs: {
      model: { idField: 'modelId', timeLimitMs: 180_000 },
      /** A waiting look at a model; becomes a `model` job when it is due. */
      'model-later': { idField: 'modelId', timeLimitMs: 10_000 },
    },
    concurrency: 32,
    keep: { completed: 20, failed: 100 },
  },
  /** Apart from the models: what one of them has to wait for holds up no service. */
  services: {
    jobs: {
      service: { idField: 'serviceId', timeLimitMs: 180_000 },
      /** A waiting look at a service; becomes a `service` job when it is due. */
      'service-later': { idField: 'serviceId', timeLimitMs: 10_000 },
    },
    concurrency: 16,
    keep: { completed: 20, failed: 100 },
  },
  /** Apart from all others: whoever is told of services may take long to answer. */
  notices: {
    jobs: { notices: { idField: 'serviceId', timeLimitMs: 300_000 } },
    concurrency: 16,
    keep: { completed: 20, failed: 100 },
  },
  observe: {
    jobs: {
      cluster: { idField: 'cluster', timeLimitMs: 120_000 },
      /** A waiting look at a cluster; becomes a `cluster` job when it is due. */
      'cluster-later': { idField: 'cluster', timeLimitMs: 10_000 },
      /** Apart from the look: engines that hang keep nobody from looking at the cluster. */
      metrics: { idField: 'cluster', timeLimitMs: 120_000 },
    },
    concurrency: 64,
    keep: { completed: 20, failed: 100 },
  },
  /** Apart from the looks at clusters: a place is held for as long as an engine takes for its first completion. */
  probe: {
    jobs: { probe: { idField: 'jobId', timeLimitMs: 180_000 } },
    concurrency: 64,
    keep: { completed: 20, failed: 100 },
  },
  /** Apart from all others: a cluster that hangs keeps whoever reads a log waiting, and nobody else. */
  logs: {
    jobs: { log: { idField: 'jobId', timeLimitMs: 30_000 } },
    concurrency: 32,
    keep: { completed: 5, failed: 20 },
  },
  sweep: {
    jobs: { sweep: { idField: 'sweep', timeLimitMs: 60_000 } },
    concurrency: 1,
    keep: { completed: 5, failed: 20 },
  },
} as const satisfies Readonly<Record<string, QueueKind>>;

export type QueueName = keyof typeof queueCatalog;

/** Names of the jobs in a queue that a consumer handles. */
export type JobName<Q extends QueueName> = Exclude<
  keyof (typeof queueCatalog)[Q]['jobs'] & string,
  'cluster-later' | 'model-later' | 'service-later'
>;

export const queueNames = Object.keys(queueCatalog) as readonly QueueName[];

/** The catalog's row of a queue, without its literal types. */
export function queueKind(name: QueueName): QueueKind {
  return queueCatalog[name];
}

const payload = z.object({
  v: z.literal(1),
  id: z.string().min(1).max(300),
  /** Trace of whoever asked, so that one wake is one trace. No part of a job's identity. */
  traceId: z
    .string()
    .regex(/^[0-9a-f]{32}$/)
    .exactOptional(),
});

/** What every job carries. Fields that a later release adds are ignored; another `v` is refused. */
export type Payload = z.infer<typeof payload>;

/** @throws ZodError */
export function parsePayload(data: unknown): Payload {
  return payload.parse(data);
}

/** @param traceId is left out where it is none */
export function makePayload(id: string, traceId?: string): Payload {
  return parsePayload({ v: 1, id, ...(isTraceId(traceId) ? { traceId } : {}) });
}

function isTraceId(traceId: string | undefined): traceId is string {
  return traceId !== undefined && /^[0-9a-f]{32}$/.test(traceId);
}
