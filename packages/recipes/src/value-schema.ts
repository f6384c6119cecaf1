import { z } from 'zod';

const bounds = { min: z.number().optional(), max: z.number().optional() };

export const textFields = {
  type: z.literal('string'),
  enum: z.array(z.string()).min(1).optional(),
  /** Regular expression for the whole value. */
  pattern: z.string().refine(isPattern, 'is no regular expression').optional(),
  default: z.string().optional(),
};

export const integerFields = {
  type: z.literal('integer'),
  ...bounds,
  default: z.int().optional(),
};
export const numberFields = {
  type: z.literal('number'),
  ...bounds,
  default: z.number().optional(),
};
export const booleanFields = { type: z.literal('boolean'), default: z.boolean().optional() };

/** A text without bounds would let anything through. */
export function isBounded(value: { enum?: unknown; pattern?: unknown }): boolean {
  return value.enum !== undefined || value.pattern !== undefined;
}
export const unbounded = { message: 'a string needs an enum or a pattern' };

/** Nothing that apptainer would split at or unquote: `--bind` takes a list of `from:to:options`, written as CSV. */
const absoluteFolder = String.raw`(/(?!\.{1,2}(/|$))[^/:,"\\\u0000-\u001f\u007f]+)+`;
const isFolder = new RegExp(`^${absoluteFolder}$`);

/** Whether it is an absolute folder that a container can be given. */
export function isBindable(folder: string): boolean {
  return isFolder.test(folder);
}

/** A folder on the cluster, absolute; a container is given it. Its default may be one in the directory of the job. */
const folderFields = {
  type: z.literal('folder'),
  default: z
    .string()
    .refine((text) => isFolder.test(text) || /^[A-Za-z0-9_][A-Za-z0-9_-]*$/.test(text), {
      message: 'must be an absolute folder, or the name of one in the directory of the job',
    })
    .optional(),
};

/** Type and bounds of a value that somebody may choose, and what it is where nobody does. */
export const valueSchema = z.discriminatedUnion('type', [
  z.strictObject(integerFields),
  z.strictObject(numberFields),
  z.strictObject(booleanFields),
  z.strictObject(textFields).refine(isBounded, unbounded),
  z.strictObject(folderFields),
]);

export type Value = z.infer<typeof valueSchema>;

/** Regular expression for all of a value; null: none. */
export function patternOf(value: Value): string | null {
  if (value.type === 'folder') return folderPattern(value);
  return value.type === 'string' ? (value.pattern ?? null) : null;
}

/** Regular expression for all of a folder: an absolute one, or the default. */
export function folderPattern({ default: fallback }: Extract<Value, { type: 'folder' }>): string {
  return fallback === undefined || fallback.startsWith('/')
    ? absoluteFolder
    : `${fallback}|${absoluteFolder}`;
}

function isPattern(pattern: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`) !== null;
  } catch {
    return false;
  }
}
