import { overStates } from '@wakefield/domain';
import { z } from 'zod';
import { clusterName, instant, limitParameter, projectName, serviceId, uuid } from './fields.ts';
import { startExpectation } from './model-response.ts';
import { recipePath } from './recipes.ts';

/** Of a service, in the order in which it goes through them. */
const serviceStates = [
  ...(['pending', 'building', 'starting', 'running', 'stopping'] as const),
  ...overStates,
] as const;

const status = z.enum(serviceStates).meta({
  description:
    '`pending` (its job waits), `building` (its job makes what the recipe needs), `starting` (it does not answer yet), `running`, `stopping`; then `stopped` (as somebody asked), `completed` (its walltime was over) or `failed`.',
  example: 'running',
});

const reason = z.string().nullable().meta({
  description:
    'Why it waits or failed, in words a person can act on; after a failure with the end of its log.',
  example: null,
});

const recipeName = recipePath.meta({
  description: 'Name of a recipe, as GET /api/v1/recipes has it.',
});

const serviceName = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, {
    error: 'must start with a letter or digit and hold only letters, digits, ".", "_" and "-"',
  });

/**
 * What a recipe has to check: types and bounds are its own. Whatever is wrong with it is told there, all at once; here
 * it is only what a client may send.
 */
const given = (description: string, properties: object, example: object) =>
  z
    .record(z.string().max(128), z.unknown())
    .default({})
    .meta({ type: 'object', description, ...properties, example });

const value = { type: ['string', 'number', 'boolean'] };
const count = (description: string) => ({
  ...{ type: ['string', 'integer'], pattern: '^[0-9]+$', minimum: 1, description },
});

const environment = given(
  'Variables that the recipe declares, as text, number, true or false. Others are refused by name.',
  { additionalProperties: value },
  { VLLM_MODEL: 'gpt2' },
);

const resources = given(
  'What is not said is as the recipe has it. CPUs, memory and GPUs are those of each node.',
  {
    additionalProperties: false,
    properties: {
      nodes: count('Nodes. More than 1 only where the recipe says `several_nodes`.'),
      cpu: count('CPUs of each node.'),
      memory: {
        ...{ type: 'string', pattern: '^[1-9][0-9]{0,8}[KMGT]$' },
        description: 'Memory of each node, at least 64M.',
      },
      time_limit: count('Minutes that its job may run.'),
      gpu: {
        ...{ type: ['string', 'integer', 'null'], pattern: '^[0-9]+$', minimum: 0 },
        description: 'GPUs of each node; null: none.',
      },
    },
  },
  { nodes: 1, cpu: '8', memory: '64G', time_limit: 120, gpu: '1' },
);

/** Body of `POST /api/v1/services`. */
export const startServiceBody = z
  .strictObject({
    recipe_name: recipeName,
    name: serviceName.optional().meta({
      description: 'For people, need not be unique. Left out: the recipe’s, with a suffix.',
      example: 'my-gpt2',
    }),
    config: z
      .strictObject({ environment, resources })
      .prefault({})
      .meta({ description: 'What is to be other than the recipe has it.' }),
    keep: z.boolean().default(false).meta({
      description:
        'Start another job before the walltime of one is over, and when one fails (three times in a row at most); `endpoint` stays the same. false: what has come to its end is over.',
      example: false,
    }),
    cluster: clusterName.nullable().default(null).meta({
      description: 'Where it runs, one of its project. null: the project’s first.',
      example: null,
    }),
  })
  .meta({ id: 'StartService' });

export type StartServiceBody = z.output<typeof startServiceBody>;

const serviceJob = z
  .strictObject({
    id: uuid,
    cluster_job_id: z.string().nullable().meta({
      description: "The cluster's own id, once it accepted the job.",
      example: '3652098',
    }),
    state: z
      .enum(['pending', 'building', 'starting', 'running', 'stopping', 'ended'])
      .meta({ example: 'running' }),
    outcome: z.string().nullable().meta({
      description: 'How it ended: `as_asked`, `timeout`, `failed`, `cancelled`, …; null before.',
      example: null,
    }),
    reason: z.string().nullable().meta({ example: null }),
    node: z.string().nullable().meta({ example: 'gpu-node-03' }),
    submitted_at: instant.nullable(),
    started_at: instant.nullable(),
    ends_at: instant.nullable().meta({
      description: 'When its walltime is over; null once it has ended.',
      example: '2026-11-21T10:30:12.000Z',
    }),
    ended_at: instant.nullable().meta({ example: null }),
  })
  .meta({ id: 'ServiceJob' });

const id = z.string().meta({
  description:
    'Id of its job on its cluster: of its first one, where `keep` made more. Until the cluster has given one, its `uuid`. Either leads to it.',
  example: '3652098',
});

const ofService = uuid.meta({ description: 'Its own id, which no other service ever has.' });

/** A service: what was asked for, and how it stands. */
export const serviceSchema = z
  .strictObject({
    id,
    uuid: ofService,
    name: serviceName.meta({ example: 'vllm-3f9a1c' }),
    recipe_name: recipeName,
    status,
    reason,
    project: projectName,
    cluster: clusterName,
    node: z
      .string()
      .nullable()
      .meta({ description: 'Where its job runs, or ran last.', example: 'gpu-node-03' }),
    address: z.string().nullable().meta({
      description:
        'Host and port at which the program listens on its cluster, for what cannot go by `endpoint` (clients of S3) and can get there; null where nothing listens.',
      example: 'gpu-node-03:20117',
    }),
    endpoint: z.string().nullable().meta({
      description:
        'URL below which its HTTP and WebSocket are reached, with your key as everywhere; the same however often its job is replaced. It answers 409 until the service runs; null once that is over. Of an OpenAI-compatible service the base URL is `<endpoint>/v1`.',
      example: 'https://ai.example.org/api/v1/services/0199f7c4-6a53-7c1e-9c55-0d6f1f6f2b11/proxy',
    }),
    model: z.string().nullable().meta({
      description: 'The model that it serves; null: none.',
      example: 'Qwen/Qwen2.5-0.5B-Instruct',
    }),
    config: z
      .strictObject({
        environment: z.record(z.string(), z.string()).meta({
          description: 'Every variable that has a value, defaults of the recipe included.',
          example: { VLLM_MODEL: 'Qwen/Qwen2.5-0.5B-Instruct' },
        }),
        resources: z.strictObject({
          nodes: z.int().meta({ example: 1 }),
          cpu: z.string().meta({ description: 'Of each node.', example: '8' }),
          memory: z.string().meta({ description: 'Of each node.', example: '64G' }),
          time_limit: z.int().meta({ description: 'Minutes.', example: 120 }),
          gpu: z
            .string()
            .nullable()
            .meta({ description: 'Of each node; null: none.', example: '1' }),
        }),
      })
      .meta({ description: 'As resolved when it was started: the recipe may have changed since.' }),
    ignored: z.record(z.string(), z.string()).meta({
      description:
        'Variables that have a value and do nothing, with the reason; `resources.cpu` and `resources.memory` on clusters that give all jobs the same.',
      example: {},
    }),
    keep: z.boolean().meta({ example: false }),
    created_by: z.string().meta({ description: 'Who started it.', example: 'local' }),
    created_at: instant,
    expected_start: startExpectation,
    started_at: instant.nullable().meta({ description: 'When its job started.' }),
    ends_at: instant.nullable().meta({
      description:
        'When the walltime of its job is over. Without `keep` the service ends with it. null once it has ended.',
      example: '2026-11-21T10:30:12.000Z',
    }),
    ended_at: instant.nullable().meta({
      description: 'When it came to its end; null while it has not.',
      example: null,
    }),
    jobs: z.array(serviceJob).meta({
      description: 'Those that live, and the newest of all; newest first.',
    }),
  })
  .meta({ id: 'Service' });
export type ServiceJson = z.output<typeof serviceSchema>;

/** Newest first. */
export const serviceListSchema = z.array(serviceSchema);

/** The small answer, for those who ask often. */
export const serviceStatusSchema = z
  .strictObject({ id, uuid: ofService, status, reason, node: serviceSchema.shape.node })
  .meta({ id: 'ServiceStatus' });
export type ServiceStatusJson = z.output<typeof serviceStatusSchema>;

/** `:id` of a path: that of a job, or the `uuid`. */
export const serviceParams = z.strictObject({ id: serviceId });

const ofCluster = clusterName.optional().meta({
  description: 'Only on this cluster: for an `id` that several have.',
  example: undefined,
});

/** Query of whatever is asked of one service. */
export const serviceQuery = z.strictObject({ cluster: ofCluster });
export type ServiceQuery = z.output<typeof serviceQuery>;

const page = {
  project: projectName
    .optional()
    .meta({ description: 'Only those of this project.', example: undefined }),
  limit: limitParameter(200),
  after: uuid
    .optional()
    .meta({ description: 'The `uuid` after which to go on.', example: undefined }),
};

const words = serviceStates.join(', ');

/** Query of `GET /api/v1/services`. */
export const listServicesQuery = z.strictObject({
  status: z
    .string()
    .refine((text) => text.split(',').every(isState), {
      error: `must hold ${words}, separated by commas`,
    })
    .optional()
    .meta({ description: `Any of ${words}, separated by commas.`, example: 'running' }),
  recipe_name: recipePath
    .optional()
    .meta({ description: 'Only those of this recipe.', example: undefined }),
  ...page,
});

/** Query of `GET /api/v1/vllm/services`: state and recipe are given. */
export const listVllmServicesQuery = z.strictObject(page);

type ServiceStateWord = (typeof serviceStates)[number];

/** The words of `status` in a query. */
export function statesOf(text: string | undefined): readonly ServiceStateWord[] {
  return (text ?? '').split(',').filter(isState);
}

function isState(word: string): word is ServiceStateWord {
  return (serviceStates as readonly string[]).includes(word);
}
