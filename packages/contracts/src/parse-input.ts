import { AppError } from '@wakefield/domain';
import { z } from 'zod';
import { describeIssue, paramOf } from './describe-issue.ts';

/** Where a value came from; only the words of a message depend on it. */
export type InputPlace = 'request body' | 'query' | 'path' | 'headers';

/** More than this many problems in one answer help nobody. */
const MOST_PROBLEMS = 3;

/**
 * Checks what a caller sent against a contract. Nothing is coerced and nothing unknown is let through.
 * @throws AppError `invalid_request`: `param` is the dotted path of the first field at fault, the message
 * names up to three problems in plain words
 */
export function parseInput<S extends z.ZodType>(
  schema: S,
  value: unknown,
  place: InputPlace,
): z.output<S> {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  const { issues } = result.error;
  const first = issues[0];
  const sentences = issues
    .slice(0, MOST_PROBLEMS)
    .map((issue) => describeIssue(issue, place, schemaAt(schema, issue.path)));
  if (issues.length > MOST_PROBLEMS) sentences.push(`And ${issues.length - MOST_PROBLEMS} more.`);
  const param = first === undefined ? '' : paramOf(first);
  throw new AppError('invalid_request', sentences.join(' '), param === '' ? {} : { param });
}

/** The schema of the value at `path`, inside its defaults and optionals; undefined where it cannot be told. */
function schemaAt(schema: z.ZodType, path: readonly PropertyKey[]): unknown {
  let here = unwrapped(schema);
  for (const key of path) {
    if (!(here instanceof z.ZodObject)) return undefined;
    here = unwrapped((here.shape as Record<PropertyKey, unknown>)[key]);
  }
  return here;
}

/** The schema inside its defaults and optionals. */
function unwrapped(schema: unknown): unknown {
  let here = schema;
  while (
    here instanceof z.ZodDefault ||
    here instanceof z.ZodPrefault ||
    here instanceof z.ZodOptional ||
    here instanceof z.ZodNullable
  ) {
    here = here.unwrap();
  }
  return here;
}
