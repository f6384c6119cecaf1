import { z } from 'zod';
import { accessSchema } from './access.ts';
import { valueSchema } from './value-schema.ts';

const described = { description: z.string().min(1) };

/** A variable that whoever starts a service may set, and what it does. */
const variable = z.discriminatedUnion('sets', [
  /** The model that is served: `{model}`, `{hf_model_id}`. */
  z.strictObject({ sets: z.literal('model'), ...described, value: valueSchema }),
  /** A parameter of the recipe, with its type and bounds; the default may be another. */
  z.strictObject({
    sets: z.literal('parameter'),
    parameter: z.string(),
    default: z.union([z.string(), z.number(), z.boolean()]).optional(),
  }),
  /** The variable of this name in the job. */
  z.strictObject({
    sets: z.literal('environment'),
    ...described,
    value: valueSchema,
    /** It has to be set, is shown to nobody, and is what `{env.NAME}` stands for in `secret_files`: nowhere else. */
    secret: z.literal(true).optional(),
  }),
  /** Nothing: callers of other systems send it. `because` tells them why. */
  z.strictObject({
    sets: z.literal('nothing'),
    ...described,
    because: z.string().min(1),
    value: valueSchema,
  }),
]);

const memory = z.string().regex(/^[1-9][0-9]{0,8}[KMGT]$/, 'must be a size like 64G');

/** What a job of a service asks of its cluster. CPUs, memory and GPUs are those of each node. */
export const resourcesSchema = z.strictObject({
  nodes: z.int().min(1).max(64).default(1),
  cpu: z.int().min(1).max(4096),
  memory,
  /** Minutes. */
  time_limit: z.int().min(1).max(43_200),
  /** null: none. */
  gpu: z.int().min(1).max(64).nullable(),
});

const variableName = z
  .string()
  .regex(/^[A-Z][A-Z0-9_]{0,63}$/, 'must be a variable name like VLLM_MODEL');

const port = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]*$/, 'must be a name like http'),
  protocol: z.literal('http'),
  /** Whether it speaks WebSocket, too. */
  websocket: z.boolean().default(false),
  /** What a person opens in a browser. */
  page: z.string().startsWith('/').optional(),
});

const requirement = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._[\],-]*==[A-Za-z0-9.+!-]+$/, 'must be pinned like name==1.2.3');
const image = z
  .string()
  .regex(
    /^docker:\/\/[a-z0-9][\w./-]*(:[\w.-]+|@sha256:[0-9a-f]{64})$/,
    'must look like docker://name:tag, with a tag or a digest',
  );

/** What has to be made on a cluster once before the recipe can run there. */
export const buildSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('venv'),
    requirements: z.array(requirement).min(1),
    /** They are all there is to be: what they ask for themselves is not looked up, and not heeded. */
    whole: z.boolean().default(false),
    /** On the node. */
    python: z
      .string()
      .regex(/^[\w./-]+$/)
      .default('python3'),
    /** Programs without which what is built is of no use on a node, as those of its GPUs' driver: looked for before it is built. */
    needs: z.array(z.string().regex(/^[\w.+-]+$/, 'must be the name of a program')).default([]),
  }),
  z.strictObject({
    kind: z.literal('apptainer'),
    image,
    /** Folder of the image with its programs, where that is not in the image's own PATH. */
    path: z
      .string()
      .regex(/^\/[\w./-]*$/, 'must be a path')
      .optional(),
  }),
]);

/** What a recipe says of itself as a service: something that is started as one job by `POST /api/v1/services`. */
export const serviceSchema = z.strictObject({
  variables: z.record(variableName, variable),
  resources: resourcesSchema,
  /** How it runs where no GPU is asked for; without it, it needs one. */
  cpu_only: z
    .strictObject({
      /** Parameters of the recipe, where nobody sets them. */
      parameters: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
      environment: z.record(variableName, z.string()).default({}),
      /** Instead of the recipe's; null: the cluster's configuration has to bring it. */
      build: buildSchema.nullable().optional(),
    })
    .optional(),
  /** The job script finds one free port, `{port}`. */
  ports: z.array(port).length(1, 'has to name exactly one port'),
  /** Its pages and probes are below `{base_path}`; else they are at the root. */
  under_base_path: z.boolean().default(false),
  access: accessSchema.default({}),
});

export type Service = z.infer<typeof serviceSchema>;
export type Variable = Service['variables'][string];
export type Resources = z.infer<typeof resourcesSchema>;
export type Build = z.infer<typeof buildSchema>;
