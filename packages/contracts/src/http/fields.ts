import { z } from 'zod';

/** Longest walltime and idle timeout that can be asked for: 30 days. */
export const LONGEST_SECONDS = 2_592_000;
/** Clusters that one model can name. */
export const mostClusters = 8;
/** Longest `hf_model_id`. */
const LONGEST_MODEL_ID = 200;

/**
 * Accounting string of a compute project. SLURM folds account names to lower case and allows more, but these
 * are the characters that are safe in a URL path, a file name and a shell word alike.
 */
export const projectName = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, {
    error: 'must start with a letter or digit and hold only letters, digits, ".", "_" and "-"',
  })
  .meta({ description: 'Accounting string of the HPC compute project.', example: 'eu-00-00' });

export const clusterName = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, {
    error: 'must start with a letter or digit and hold only letters, digits, ".", "_" and "-"',
  })
  .meta({ description: 'Name of a cluster in the configuration.', example: 'local' });

/**
 * Hugging Face's characters for repository names (letters, digits, `-`, `_`, `.`), in one or more parts between
 * slashes. A part starts with a letter, digit or `_`, so an id is never a flag, a hidden file or a way up.
 */
export const hfModelId = z
  .string()
  .min(1)
  .max(LONGEST_MODEL_ID)
  .regex(/^[A-Za-z0-9_][A-Za-z0-9._-]*(\/[A-Za-z0-9_][A-Za-z0-9._-]*)*$/, {
    error:
      'must look like "org/name" or "name": letters, digits, ".", "_" and "-", each part starting with a letter, digit or "_"',
  })
  .meta({
    description:
      'Hugging Face model id, also the `model` of OpenAI requests. For models prepared in the project storage by other means it must match their id.',
    example: 'Qwen/Qwen3-8B',
  });

export const uuid = z
  .string()
  .regex(/^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/, { error: 'must be a UUID' })
  .meta({ format: 'uuid', example: '0199f7c4-6a53-7c1e-9c55-0d6f1f6f2b11' });

export const instant = z.iso
  .datetime({ precision: 3 })
  .meta({ description: 'ISO 8601, UTC.', example: '2026-11-21T08:30:00.000Z' });

/** Of whatever takes no query: what is in one all the same is a mistake. */
export const noQuery = z.strictObject({});

/** How many entries of a list to answer with. In a query everything is text. */
export function limitParameter(most: number): z.ZodOptional<z.ZodString> {
  return z
    .string()
    .regex(/^[1-9][0-9]*$/, { error: `must be a whole number from 1 to ${most}` })
    .refine((text) => Number(text) <= most, {
      error: `must be a whole number from 1 to ${most}`,
    })
    .meta({
      // What it is to a caller; that a query is text is no business of theirs.
      type: 'integer',
      minimum: 1,
      maximum: most,
      description: `At most this many, 1–${most}. More are announced by the headers \`Link\` (rel="next") and \`X-Next-After\`.`,
    })
    .optional();
}

/** Id of a service in a path: one that a cluster gave its job (SLURM's, HEAppE's, `local-…`), or its own UUID. */
export const serviceId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, { error: 'must be the id of a job, or a UUID' })
  .meta({
    description:
      'Id of its job on its cluster, or its `uuid`. Clusters give ids again when they lose their state, and each for itself: of several services the first that is not over is meant, then the newest, and `X-Ambiguous-Id` of the answer names the others.',
    example: '3652098',
  });
