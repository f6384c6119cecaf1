import { z } from 'zod';
import { clusterName, hfModelId, instant, uuid } from './fields.ts';
import { registerModelBody } from './model-request.ts';
import { routing } from './routing.ts';

const figure = z.number().nullable();

const jobMetrics = z
  .strictObject({
    gpu_utilization: figure.meta({
      description: 'Mean over its GPUs in per cent, from a sampler in the job.',
      example: 71,
    }),
    waiting_requests: figure.meta({ description: "In the engine's queue.", example: 0 }),
    running_requests: figure.meta({ description: 'In the engine.', example: 3 }),
  })
  .meta({ description: 'Live from the engine; null where the engine has none.' });

const expectation = z.strictObject({
  from: instant.meta({ description: 'Hardly before.', example: '2026-11-21T08:35:00.000Z' }),
  to: instant.meta({
    description: 'In nine of ten cases by then.',
    example: '2026-11-21T08:50:00.000Z',
  }),
});

/** When a job that waits is expected to start. */
export const startExpectation = expectation
  .extend({
    source: z.enum(['cluster', 'history', 'trial']).meta({
      description:
        "`cluster`: its own plan for this job; `history`: how long jobs of this shape waited before; `trial`: what the cluster said of such a job (SLURM's `sbatch --test-only`).",
      example: 'history',
    }),
  })
  .nullable()
  .meta({ description: 'When it is expected to start, while it waits; null: nobody knows.' });

/** One live batch job of a model. */
const jobSchema = z
  .strictObject({
    id: uuid,
    state: z.enum(['queued', 'loading', 'ready', 'busy', 'draining']).meta({ example: 'busy' }),
    cluster: clusterName,
    cluster_job_id: z
      .string()
      .nullable()
      .meta({ description: "The cluster's own id, once it accepted the job.", example: '4711' }),
    node: z.string().nullable().meta({ example: 'gpu-node-03' }),
    submitted_at: instant.nullable(),
    started_at: instant.nullable(),
    ends_at: instant.nullable().meta({
      description: 'When the cluster will end it.',
      example: '2026-11-21T09:30:12.000Z',
    }),
    reason: z
      .string()
      .nullable()
      .meta({ description: 'Why it waits, in words of the cluster.', example: null }),
    successor_of: uuid
      .nullable()
      .meta({ description: 'The job that it takes over from.', example: null }),
    draining: z.boolean().meta({
      description: 'It gets no new requests and finishes those that it has.',
      example: false,
    }),
    expected_start: startExpectation,
    metrics: jobMetrics,
  })
  .meta({ id: 'Job' });

export type JobJson = z.output<typeof jobSchema>;

const asked = registerModelBody.shape;

/** A registered model: what was asked for, and how it stands. */
export const modelSchema = z
  .strictObject({
    hf_model_id: hfModelId,
    project: z.string().meta({ example: 'eu-00-00' }),
    gpu_count: asked.gpu_count,
    engine: z.string().meta({ example: 'vllm' }),
    walltime: asked.walltime.unwrap(),
    walltime_ratio: asked.walltime_ratio.unwrap(),
    idle_timeout: asked.idle_timeout.unwrap(),
    autoscale: asked.autoscale.unwrap(),
    is_refreshing: asked.is_refreshing.unwrap(),
    cluster: clusterName.meta({ description: 'The first of `clusters`.', example: 'karolina' }),
    clusters: z.array(clusterName).meta({
      description: 'Where its jobs may run, in order of preference.',
      example: ['karolina'],
    }),
    min_replicas: asked.min_replicas.unwrap(),
    max_replicas: asked.max_replicas.unwrap(),
    engine_args: asked.engine_args.unwrap(),
    resources: z.strictObject({
      nodes: z.int().meta({ example: 1 }),
      cpus: z.int().nullable().meta({ example: null }),
      memory: z.string().nullable().meta({ example: null }),
    }),
    timeouts: z.strictObject({
      connect: z.int().nullable().meta({ example: null }),
      first_byte: z.int().nullable().meta({ example: 120 }),
      between_bytes: z.int().nullable().meta({ example: null }),
      total: z.int().nullable().meta({ example: null }),
    }),
    routing: z.strictObject({
      policy: routing.shape.policy.unwrap(),
      session_header: routing.shape.session_header.unwrap(),
      weights: routing.shape.weights.unwrap(),
    }),
    limits: z.strictObject({
      requests_per_minute: z.int().nullable().meta({ example: 600 }),
      tokens_per_minute: z.int().nullable().meta({ example: null }),
      concurrent_requests: z.int().nullable().meta({ example: null }),
    }),
    state: z
      .enum(['not_loaded', 'queued', 'loading', 'ready', 'busy', 'failed'])
      .meta({ example: 'busy' }),
    reason: z.string().nullable().meta({
      description:
        'Why it is `failed`, or what is in the way, in words a person can act on: a sentence, and after a failure the end of the log of its job.',
      example: null,
    }),
    idle: z.boolean().meta({ description: 'Asleep on purpose.', example: false }),
    replicas: z.int().meta({ description: 'Jobs wanted while in use.', example: 1 }),
    last_wakeup: instant.nullable(),
    last_request: instant.nullable(),
    created_at: instant,
    updated_at: instant,
    expected_start: startExpectation.meta({
      description: 'Of the job that it waits for, while none has started.',
    }),
    expected_ready: expectation.nullable().meta({
      description: 'When it is expected to serve; null while it does, and when nobody knows.',
    }),
    jobs: z.array(jobSchema).meta({ description: 'Live jobs, oldest first.' }),
  })
  .meta({ id: 'Model' });

export type ModelJson = z.output<typeof modelSchema>;

export const modelListSchema = z.array(modelSchema);
