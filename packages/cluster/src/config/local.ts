import { duration } from '@wakefield/runtime/yaml';
import { z } from 'zod';
import { cadence, limits, line, portRange, projectLimits, recipeSettings } from './fields.ts';

const perProject = z.strictObject({ limits: projectLimits });

/** This machine: jobs are process groups. */
export const local = z.strictObject({
  kind: z.literal('local'),
  /** Parent of the job directories; relative to clusters.yaml. */
  directory: line,
  /** GPUs that jobs may take together; 0 means that they are not counted. */
  gpus: z.int().min(0).default(0),
  /** Jobs that run at once; others wait. */
  slots: z.int().min(1).default(16),
  /** From TERM to KILL when a job is cancelled or over its walltime. */
  killWait: duration.prefault('10s'),
  recipes: z.record(line, recipeSettings).default({}),
  /** Relative to clusters.yaml. */
  modelDirectory: line.nullable().default(null),
  bindHost: line.default('127.0.0.1'),
  ports: portRange.default({ from: 20_000, to: 29_999 }),
  limits,
  defaults: perProject.prefault({}),
  /** By project name; each limit replaces the default of that name. */
  projects: z.record(line, perProject).default({}),
  cadence: cadence('500ms', '5s'),
});

export type LocalConfig = z.output<typeof local> & { readonly name: string };
