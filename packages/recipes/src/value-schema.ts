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

/** Type and bounds of a value that somebody may choose, and what it is where nobody does. */
export const valueSchema = z.discriminatedUnion('type', [
  z.strictObject(integerFields),
  z.strictObject(numberFields),
  z.strictObject(booleanFields),
  z.strictObject(textFields).refine(isBounded, unbounded),
]);

export type Value = z.infer<typeof valueSchema>;

function isPattern(pattern: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`) !== null;
  } catch {
    return false;
  }
}
