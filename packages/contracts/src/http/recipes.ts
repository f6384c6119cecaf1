import { z } from 'zod';
import { limitParameter } from './fields.ts';

/** Name of a recipe: its folder, so there may be a slash in it. */
export const recipePath = z
  .string()
  .max(65)
  .regex(/^[a-z][a-z0-9-]{0,31}(\/[a-z][a-z0-9-]{0,31})?$/, {
    error: 'must look like "inference/vllm" or "simulator"',
  })
  .meta({
    description: 'Name of the recipe; may hold a slash, encoded (`%2F`) or not.',
    example: 'inference/vllm',
  });

export const recipeParams = z.strictObject({ recipe_path: recipePath });

const value = z.union([z.string(), z.number(), z.boolean()]);

const form = z.enum(['tried', 'untested']).nullable().meta({
  description: 'null: it does not run so, or has nothing to build.',
  example: 'tried',
});

const summary = {
  name: recipePath,
  category: z.string().meta({
    description: 'First part of the name; the name itself where it has one part.',
    example: 'inference',
  }),
  description: z.string().meta({ example: 'vLLM, the OpenAI-compatible server.' }),
  tried: z
    .array(z.string())
    .meta({ description: 'Versions that it was run with.', example: ['0.29.0'] }),
  untested: z.boolean().meta({
    description: 'It was written from documentation and has never been run.',
    example: false,
  }),
  forms: z
    .strictObject({ cpu: form, gpu: form, several_nodes: form, build: form })
    .meta({ description: 'In which of the ways in which it may run it was run.' }),
  needs_gpu: z
    .boolean()
    .meta({ description: 'Whether it cannot run without a GPU.', example: false }),
  several_nodes: z
    .boolean()
    .meta({ description: 'Whether it can run on several nodes.', example: true }),
};

/** A recipe in a list. */
const recipeSummarySchema = z.strictObject(summary).meta({ id: 'RecipeSummary' });
export type RecipeSummaryJson = z.output<typeof recipeSummarySchema>;

export const recipeListSchema = z.array(recipeSummarySchema);

const variable = z
  .strictObject({
    description: z.string(),
    type: z.enum(['integer', 'number', 'boolean', 'string']),
    default: value.nullable().meta({
      description:
        'null: what the program itself does where nobody says, or what follows from the resources, as the description says.',
      example: null,
    }),
    default_on_cpus: value.nullable().meta({
      description: 'The same with `gpu: null`.',
      example: null,
    }),
    min: z.number().nullable(),
    max: z.number().nullable(),
    enum: z.array(z.string()).nullable().meta({ description: 'The only values it takes.' }),
    pattern: z.string().nullable().meta({
      description: 'Regular expression that all of the value has to match.',
    }),
    secret: z.boolean().meta({
      description:
        'It has to be set, and is not shown again: `config` of a service has `(secret)` in its place.',
      example: false,
    }),
    ignored: z.string().nullable().meta({
      description: 'Why setting it does nothing; null where it does something.',
    }),
  })
  .meta({ id: 'RecipeVariable' });

const build = z
  .strictObject({
    kind: z.enum(['venv', 'apptainer']),
    of: z.array(z.string()).meta({
      description: 'Python packages, or the image.',
      example: ['vllm==0.29.0'],
    }),
    digest: z.string().meta({
      description: 'What is built once per cluster, and kept.',
      example: 'd448a07f2431bcaa',
    }),
  })
  .nullable();

/** All of a recipe. */
export const recipeSchema = z
  .strictObject({
    ...summary,
    environment: z.record(z.string(), variable).meta({
      description: 'Variables that `config.environment` of a service may set. Others are refused.',
    }),
    resources: z
      .strictObject({
        nodes: z.int(),
        cpu: z.string().meta({ description: 'Of each node.', example: '8' }),
        memory: z.string().meta({ description: 'Of each node.', example: '64G' }),
        time_limit: z.int().meta({ description: 'Minutes.', example: 120 }),
        gpu: z.string().nullable().meta({ description: 'Of each node; null: none.', example: '1' }),
      })
      .meta({ description: 'What a service asks for that says nothing else.' }),
    ports: z.array(
      z.strictObject({
        name: z.string().meta({ example: 'http' }),
        protocol: z.enum(['http']),
        websocket: z.boolean(),
        page: z
          .string()
          .nullable()
          .meta({ description: 'What a person opens in a browser.', example: null }),
      }),
    ),
    access: z
      .strictObject({
        permission: z.enum(['infer', 'manage']).meta({
          description:
            'Whom requests reach it for: `infer`, the role `user` and above; `manage`, managers, as for a notebook, which is a shell.',
          example: 'infer',
        }),
        key: z.boolean().meta({
          description:
            'Whether it asks for the key of its job, which is added to what reaches it through here. false: whoever gets at its port on the cluster is let in, or has to bring what it asks for.',
          example: true,
        }),
        under_base_path: z.boolean().meta({
          description:
            'Whether its pages are made for the path below which it is reached. false: they are made for the root of a server, and links in them may lead elsewhere.',
          example: false,
        }),
      })
      .meta({ description: 'Who may send requests to its services, and how these arrive.' }),
    readiness: z.string().meta({
      description: 'Path that answers 200 once it serves.',
      example: '/health',
    }),
    proves_itself: z.boolean().meta({
      description:
        'Whether a service is `running` only once what answers has shown that it has the key of the job. false: `readiness` alone is trusted.',
      example: true,
    }),
    cpu_only: z
      .strictObject({
        parameters: z.record(z.string(), value),
        environment: z.record(z.string(), z.string()),
      })
      .nullable()
      .meta({
        description:
          'What is other with `gpu: null`: options of the program and variables of its job, unless a variable sets them. null: it needs a GPU.',
        example: {
          parameters: { dtype: 'bfloat16' },
          environment: { VLLM_CPU_KVCACHE_SPACE: '4' },
        },
      }),
    metrics: z.string().nullable().meta({
      description: 'Path of its metrics, in the format of Prometheus.',
      example: '/metrics',
    }),
    build: z.strictObject({ gpu: build, cpu: build }).meta({
      description:
        'What is built first, with GPUs and without; null: nothing, so the cluster has to have it. A cluster that brings it by its configuration builds nothing.',
    }),
    models: z.boolean().meta({
      description: 'Whether models of a project can be served with it, too: `engine`.',
      example: true,
    }),
  })
  .meta({ id: 'Recipe' });
export type RecipeJson = z.output<typeof recipeSchema>;

const truth = z.enum(['true', 'false']).optional();

export const listRecipesQuery = z.strictObject({
  category: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,31}$/, { error: 'must be a name like "inference"' })
    .optional()
    .meta({ description: 'Only those of this category.', example: undefined }),
  untested: truth.meta({ description: 'Only those that were never run, or only the others.' }),
  needs_gpu: truth.meta({ description: 'Only those that need a GPU, or only the others.' }),
  limit: limitParameter(1000),
  after: recipePath
    .optional()
    .meta({ description: 'The `name` after which to go on.', example: undefined }),
});
