import { z } from 'zod';
import { forms, hasForm } from './forms.ts';
import { serviceProblems } from './service-problems.ts';
import { buildSchema, serviceSchema } from './service-schema.ts';
import { checkTemplate, type TemplateUse } from './template.ts';
import {
  booleanFields,
  integerFields,
  isBounded,
  numberFields,
  textFields,
  unbounded,
} from './value-schema.ts';

const template = (use: TemplateUse) =>
  z.string().superRefine((text, context) => {
    const problem = checkTemplate(text, use);
    if (problem !== null) context.addIssue({ code: 'custom', message: problem });
  });

const described = {
  description: z.string().min(1),
  /** Command line option; a value follows it after `=`. */
  flag: z.string().regex(/^--[a-z0-9][a-z0-9-]*$/, 'must look like --some-flag'),
  /** Other parameters that have to be given along with this one. */
  requires: z.array(z.string()).optional(),
};

const parameter = z.discriminatedUnion('type', [
  z.strictObject({
    ...integerFields,
    ...described,
    /** Taken from the job instead of a fixed default. */
    default_from: z.enum(['gpu_count', 'gpus_per_node', 'nodes']).optional(),
  }),
  z.strictObject({ ...numberFields, ...described }),
  z.strictObject({
    ...booleanFields,
    ...described,
    /** What `false` becomes; without it, false is left out. */
    negated_flag: described.flag.optional(),
  }),
  z.strictObject({ ...textFields, ...described }).refine(isBounded, unbounded),
]);

const commandItem = z.union([
  z.string().superRefine((text, context) => {
    const problem = text === '{engine_args}' ? null : checkTemplate(text, 'command');
    if (problem !== null) context.addIssue({ code: 'custom', message: problem });
  }),
  /** Given only if the command in `when` succeeds on the node. */
  z.strictObject({
    when: z.array(template('command')).min(1),
    args: z.array(template('command')).min(1),
  }),
]);

const path = z.string().regex(/^\/[\w./-]*$/, 'must be a path');

/** One series of a metrics page; the first of a list that the page has is taken. */
const series = z.strictObject({
  name: z.string().regex(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/, 'must be a metric name'),
  labels: z.record(z.string(), z.string()).default({}),
});

const variableName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be a variable name');
const fileName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'must be a plain file name');

/** Everything that a `recipe.yaml` may say. Unknown words are refused. */
export const recipeSchema = z
  .strictObject({
    name: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'must be 1–32 of a–z, 0–9 and -'),
    description: z.string().min(1),
    /** Versions of the engine that it was run with. */
    tried: z.array(z.string()),
    /** Of its forms those that were run. */
    tried_forms: z.array(z.enum(forms)).default([]),
    /** It was written from documentation and never run. */
    untested: z.boolean().default(false),
    /** Its command starts the engine on all nodes of the job, not just on the first. */
    several_nodes: z.boolean().default(false),
    /** How it is started on several nodes: the command on each, the first one first, with these words added. */
    ranks: z
      .strictObject({
        /** On every node; `{rank}` counts from 0, `{head_host}` and `{head_port}` are of the first. */
        args: z.array(template('command')).min(1),
        /** On all but the first. */
        others: z.array(template('command')).default([]),
        /** Instead of the words of the command that stand before its first option. */
        program: z.array(template('command')).min(1).optional(),
      })
      .optional(),
    /** What has to be made once before it can run, where the cluster's configuration does not bring it. */
    build: buildSchema.optional(),
    /** As a service; absent: for models only. */
    service: serviceSchema.optional(),
    /** Longest time that the engine gets to finish its requests, in seconds. */
    drain_grace_seconds: z.int().min(1).max(86_400),
    /** Bytes of engine output that are kept; the end of it. */
    log_limit_bytes: z
      .int()
      .min(4096)
      .default(20 * 1024 * 1024),
    /** Argument vector; `{engine_args}` alone stands for the parameters' flags. */
    command: z.array(commandItem).min(1),
    /** How an engine that failed is told from one that is not there. */
    installed: z
      .strictObject({
        /** Succeeds on the node if the engine is there; else its last line says what is missing. */
        ask: z.array(template('command')).min(1),
        /** What a person can do; one line. */
        hint: z.string().regex(/^[^\n]+$/, 'must be one line'),
      })
      .optional(),
    environment: z.record(variableName, template('environment')).default({}),
    /** Variables that the engine must not inherit. */
    unset: z.array(variableName).default([]),
    /** Further 0600 files in the job's directory; `{key}` is the engine's key, `{env.NAME}` a variable that is a secret. */
    secret_files: z.record(fileName, z.string()).default({}),
    parameters: z.record(z.string().regex(/^[a-z][a-z0-9_]*$/), parameter).default({}),
    /** Those whose product is the number of processes: one on each GPU, as many on each node. */
    parallel: z.array(z.string()).default([]),
    /** Requests the engine takes at once. */
    capacity: z
      .strictObject({
        /** Where it is configured. */
        parameter: z.string(),
        /** Where a running engine tells it, as JSON: `field` of every entry of `list`, summed. */
        reported: z.strictObject({ path, list: z.string(), field: z.string() }).optional(),
      })
      .optional(),
    probes: z.strictObject({
      health: path,
      /** Where it lists its models, as OpenAI does; what has none is no engine, and serves no models. */
      models: path.optional(),
      /** Of what is no engine: a page that refuses whoever has not the key (401, 403), and opens to whoever has. */
      private: path.optional(),
      /** Kinds of tiny request, tried in this order until the engine knows one. */
      warm_up: z.array(z.enum(['chat', 'completion', 'embedding'])).default([]),
    }),
    metrics: z.strictObject({
      path: path.nullable(),
      running: z.array(series).default([]),
      waiting: z.array(series).default([]),
    }),
  })
  .superRefine((recipe, context) => {
    const known = (name: string) => Object.hasOwn(recipe.parameters, name);
    for (const [name, { requires }] of Object.entries(recipe.parameters)) {
      for (const other of (requires ?? []).filter((wanted) => !known(wanted))) {
        const message = `requires ${other}, which is no parameter`;
        context.addIssue({ code: 'custom', path: ['parameters', name], message });
      }
    }
    if (recipe.parallel.some((name) => recipe.parameters[name]?.type !== 'integer')) {
      const message = 'has to name parameters of type integer';
      context.addIssue({ code: 'custom', path: ['parallel'], message });
    }
    if (recipe.capacity !== undefined && !known(recipe.capacity.parameter)) {
      context.addIssue({ code: 'custom', path: ['capacity'], message: 'names no parameter' });
    }
    if (Object.hasOwn(recipe.secret_files, 'key')) {
      context.addIssue({ code: 'custom', path: ['secret_files'], message: '`key` is taken' });
    }
    if (recipe.probes.private !== undefined && recipe.probes.models !== undefined) {
      const message = 'is for what has no probes.models';
      context.addIssue({ code: 'custom', path: ['probes', 'private'], message });
    }
    const { tried, tried_forms: triedForms, untested } = recipe;
    if (untested && tried.length + triedForms.length > 0) {
      const message = 'must be false with tried or tried_forms';
      context.addIssue({ code: 'custom', path: ['untested'], message });
    }
    for (const form of triedForms.filter((one) => !hasForm(recipe, one))) {
      const message = `${form} is no form of this recipe`;
      context.addIssue({ code: 'custom', path: ['tried_forms'], message });
    }
    for (const { path, message } of serviceProblems(recipe)) {
      context.addIssue({ code: 'custom', path: [...path], message });
    }
  });

/** A recipe as loaded. */
export type Recipe = z.infer<typeof recipeSchema>;
export type Parameter = Recipe['parameters'][string];
