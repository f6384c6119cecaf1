import type { ModelSpec } from '@wakefield/domain';
import { z } from 'zod';
import { seconds } from '../seconds.ts';
import { clusterName, hfModelId, LONGEST_SECONDS, limitParameter, mostClusters } from './fields.ts';
import { routing } from './routing.ts';

const engineArgument = z.union([z.string().max(4096), z.number(), z.boolean()], {
  error: 'must be text, a number, or true or false',
});

const engineArguments = z
  .record(
    z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/, { error: 'is no legal argument name' }),
    engineArgument,
    { error: (issue) => (issue.code === 'invalid_key' ? 'is no legal argument name' : undefined) },
  )
  .refine((args) => Object.keys(args).length <= 64, { error: 'must have at most 64 entries' })
  .meta({
    description:
      "Arguments of the engine. Each engine's recipe declares which it takes, with types and bounds; anything else is refused by name.",
    example: { max_model_len: 8192 },
  });

const clusterNames = z
  .array(clusterName)
  .min(1)
  .max(mostClusters)
  .refine((names) => new Set(names).size === names.length, {
    error: 'must name each cluster once',
  });

const resources = z
  .strictObject({
    nodes: z.int().min(1).max(64).default(1).meta({
      description:
        'Nodes of one job, which share its GPUs evenly. More than 1 only for engines whose recipe starts them on several nodes.',
      example: 1,
    }),
    cpus: z
      .int()
      .min(1)
      .max(4096)
      .nullable()
      .default(null)
      .meta({ description: "CPUs of one job. null: the cluster's default.", example: 8 }),
    memory: z
      .string()
      .regex(/^[1-9][0-9]{0,8}[KMGT]$/, { error: 'must be a size like "64G" or "512M"' })
      .nullable()
      .default(null)
      .meta({
        description: "Memory per node, as SLURM writes it. null: the cluster's default.",
        example: '64G',
      }),
  })
  .meta({ description: 'What one job asks the cluster for besides GPUs.' });

/** Longest time to connect that can be asked for: a node that is gone must not keep a request from another for longer. */
const LONGEST_CONNECT_SECONDS = 300;

const timeouts = z
  .strictObject({
    connect: seconds(1, LONGEST_CONNECT_SECONDS).nullable().default(null).meta({
      description:
        "Until there is a connection to an engine; after that another engine is tried. null: the proxy's `CONNECT_TIMEOUT`.",
      example: 5,
    }),
    first_byte: seconds(0, LONGEST_SECONDS).nullable().default(null).meta({
      description:
        "From the connection to the first byte of the answer: waiting in the engine's queue, and all of an answer that is no stream. null: the proxy's `FIRST_BYTE_TIMEOUT`; 0: no limit.",
      example: 120,
    }),
    between_bytes: seconds(0, LONGEST_SECONDS).nullable().default(null).meta({
      description:
        "Between two pieces of an answer; waiting for the caller to read does not count. null: the proxy's `BETWEEN_BYTES_TIMEOUT`; 0: no limit.",
      example: 60,
    }),
    total: seconds(0, LONGEST_SECONDS).nullable().default(null).meta({
      description:
        "Of the whole request, waiting for the model included; a caller may lower it with `X-Request-Timeout`. null: the proxy's `TOTAL_TIMEOUT`; 0: no limit.",
      example: null,
    }),
  })
  .meta({
    description:
      'Seconds that a request to the model may take. What is over a limit gets 504 with a code that names it.',
  });

const atMost = (description: string, example: number | null) =>
  z.int().min(1).max(1_000_000_000).nullable().default(null).meta({ description, example });

const limits = z
  .strictObject({
    requests_per_minute: atMost('Requests of all callers together. null: no limit.', 600),
    tokens_per_minute: atMost('Tokens of prompts and answers together. null: no limit.', null),
    concurrent_requests: atMost(
      'Requests that wait or are being answered at a time. null: no limit.',
      null,
    ),
  })
  .meta({
    description:
      'How much all callers together may ask of the model, beside what the operator limits: what is beyond gets 429. See docs/limits.md.',
  });

/** Body of `PUT /p/{project}/models`. A field that is left out has its default: a PUT says everything. */
export const registerModelBody = z
  .strictObject({
    hf_model_id: hfModelId,
    gpu_count: z.int().min(1).max(1024).meta({
      description:
        'GPUs of one inference job, over all of its nodes: with `resources.nodes` 2 each node has half of them.',
      example: 1,
    }),
    engine: z
      .string()
      .min(1)
      .max(64)
      .default('vllm')
      .meta({ description: 'Inference engine: the name of a recipe.', example: 'vllm' }),
    walltime: seconds(60, LONGEST_SECONDS).default(3600).meta({
      description: 'Longest run of one job in seconds; the cluster ends it after that.',
      example: 3600,
    }),
    walltime_ratio: z.number().min(0.1).max(1).default(0.9).meta({
      description:
        'Fraction of the walltime after which a replacement job is started: at 0.9 with walltime 3600 after 3240 s.',
      example: 0.9,
    }),
    idle_timeout: seconds(1, LONGEST_SECONDS).default(600).meta({
      description:
        'Seconds without a request after which the model is put to sleep, or down to `min_replicas`. Counts from the last request or wake-up, whichever is later.',
      example: 600,
    }),
    autoscale: z.boolean().default(false).meta({
      description:
        'Add and remove jobs with the load, between `min_replicas` (at least 1) and `max_replicas`.',
      example: false,
    }),
    is_refreshing: z.boolean().default(true).meta({
      description:
        'Replace a job before its walltime ends, so that there is no gap. false: its successor starts when it has ended.',
      example: true,
    }),
    cluster: clusterName.nullable().default(null).meta({
      description:
        "Where its jobs run: short for `clusters` with one name. null: the project's first cluster.",
      example: 'local',
    }),
    clusters: clusterNames.nullable().default(null).meta({
      description:
        'Where its jobs may run, in order of preference; the project has to be activated on each. A job is started where it is expected to start first. Instead of `cluster`, not beside it.',
      example: null,
    }),
    min_replicas: z.int().min(0).max(64).default(0).meta({
      description:
        'Jobs that are kept up while nobody asks, at most `max_replicas`. 1 and more wake the model at once, and `idle_timeout` then ends only those beyond; 0: it falls asleep.',
      example: 0,
    }),
    max_replicas: z
      .int()
      .min(1)
      .max(64)
      .default(4)
      .meta({ description: 'Most jobs at a time.', example: 4 }),
    engine_args: engineArguments.default({}),
    resources: resources.prefault({}),
    timeouts: timeouts.prefault({}),
    routing: routing.prefault({}),
    limits: limits.prefault({}),
  })
  .superRefine(({ min_replicas: least, max_replicas: most }, context) => {
    if (least <= most) return;
    const message = `must be at most max_replicas (${most}), not ${least}`;
    context.addIssue({ code: 'custom', path: ['min_replicas'], message });
  })
  .superRefine(({ cluster, clusters }, context) => {
    if (cluster === null || clusters === null) return;
    const message = 'must not be given beside cluster';
    context.addIssue({ code: 'custom', path: ['clusters'], message });
  })
  .meta({ id: 'RegisterModel' });

export type RegisterModelBody = z.output<typeof registerModelBody>;

/** Desired state out of a checked body. Engine and engine_args are still to be checked against the recipes. */
export function specFromBody(body: RegisterModelBody): ModelSpec {
  const [firstCluster = null, ...otherClusters] = body.clusters ?? [];
  return {
    hfModelId: body.hf_model_id,
    engine: body.engine,
    gpuCount: body.gpu_count,
    walltimeSeconds: body.walltime,
    walltimeRatio: body.walltime_ratio,
    idleTimeoutSeconds: body.idle_timeout,
    autoscale: body.autoscale,
    isRefreshing: body.is_refreshing,
    cluster: body.cluster ?? firstCluster,
    otherClusters,
    minReplicas: body.min_replicas,
    maxReplicas: body.max_replicas,
    engineArgs: body.engine_args,
    resources: body.resources,
    timeouts: {
      connectSeconds: body.timeouts.connect,
      firstByteSeconds: body.timeouts.first_byte,
      betweenBytesSeconds: body.timeouts.between_bytes,
      totalSeconds: body.timeouts.total,
    },
    routing: {
      policy: body.routing.policy,
      sessionHeader: body.routing.session_header.toLowerCase(),
      weights: body.routing.weights,
    },
    limits: {
      requestsPerMinute: body.limits.requests_per_minute,
      tokensPerMinute: body.limits.tokens_per_minute,
      concurrentRequests: body.limits.concurrent_requests,
    },
  };
}

/** Body of `POST /p/{project}/models`. */
export const wakeModelBody = z.strictObject({ hf_model_id: hfModelId }).meta({ id: 'WakeModel' });

/** Body of `POST /p/{project}/models/sleep`. */
export const sleepModelBody = z.strictObject({ hf_model_id: hfModelId }).meta({ id: 'SleepModel' });

/** Body of `POST /p/{project}/models/scale`. */
export const scaleModelBody = z
  .strictObject({
    hf_model_id: hfModelId,
    replicas: z.int().min(0).max(64).meta({
      description:
        'Jobs wanted, from `min_replicas` to `max_replicas`. 0 is sleep; 1 and more wake the model.',
      example: 2,
    }),
  })
  .meta({ id: 'ScaleModel' });

/** Body of `DELETE /p/{project}/models`; the id may come in the query instead. */
export const unregisterModelBody = z
  .strictObject({ hf_model_id: hfModelId.optional() })
  .meta({ id: 'UnregisterModel' });

export const unregisterModelQuery = z.strictObject({
  hf_model_id: hfModelId.optional().meta({
    description: 'The model, unless the body names it.',
    example: undefined,
  }),
  stop: z.enum(['true', 'false']).optional().meta({
    description:
      'true: end its running jobs. Otherwise they go on until they finish, and are adopted when the model is registered again.',
  }),
});

export const listModelsQuery = z.strictObject({
  limit: limitParameter(1000),
  after: hfModelId
    .optional()
    .meta({ description: 'The `hf_model_id` after which to go on.', example: undefined }),
});
