import { duration } from '@wakefield/runtime/yaml';
import { z } from 'zod';

/** One line of text, as it may stand in a command's arguments. */
export const line = z
  .string()
  .min(1)
  .max(1000)
  .refine((text) => !hasControlCharacter(text), 'must be one line without control characters');

function hasControlCharacter(text: string): boolean {
  return [...text].some((character) => character < ' ' || character === '\u007f');
}

/** An absolute path on the cluster. A backslash would switch off sbatch's file name patterns (sbatch(1)). */
export const remotePath = line
  .refine((path) => path.startsWith('/'), 'must be an absolute path')
  .refine((path) => !path.includes('\\'), 'must not contain a backslash')
  .transform((path) => (path.length > 1 ? path.replace(/\/+$/, '') : path));

const environmentName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable');

/** What one recipe needs before its engine starts. */
export const recipeSettings = z.strictObject({
  /** Shell lines in the job, before the engine: module load, source venv/bin/activate … */
  setup: z.array(line).default([]),
  /** Extra environment of the engine; no secrets. */
  environment: z
    .record(environmentName, z.union([z.string(), z.number(), z.boolean()]).transform(String))
    .default({}),
});

export const portRange = z
  .strictObject({
    from: z.int().min(1).max(65_535),
    to: z.int().min(1).max(65_535),
  })
  .refine(({ from, to }) => from <= to, 'from must not be above to');

/** Ceilings over all projects. */
export const limits = z
  .strictObject({
    /** Live jobs of this installation on the cluster. */
    jobs: z.int().min(1).nullable().default(null),
    walltime: duration.nullable().default(null),
    gpusPerJob: z.int().min(1).nullable().default(null),
  })
  .prefault({});

/** Ceilings of one project: live jobs of this installation on the cluster, and GPUs of these together. */
export const projectLimits = z
  .strictObject({
    jobs: z.int().min(1).nullable().optional(),
    gpus: z.int().min(1).nullable().optional(),
  })
  .prefault({});

export const nodeAddress = z.union(
  [z.enum(['hostname', 'fqdn', 'ip']), z.strictObject({ fixed: line })],
  'expected hostname, fqdn, ip or { fixed: NAME }',
);

/** How often to observe. */
export function cadence(busy: string, quiet: string) {
  return z
    .strictObject({ busy: duration.prefault(busy), quiet: duration.prefault(quiet) })
    .prefault({});
}
