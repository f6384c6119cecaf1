import { EngineError, invalid } from './engine-error.ts';

/** A parsed request body. */
export type Body = Readonly<Record<string, unknown>>;

/** Words that pydantic takes for a boolean where it is not strict, as vLLM's models are. */
const booleans: ReadonlyMap<unknown, boolean> = new Map<unknown, boolean>([
  ...[1, '1', 'true', 't', 'yes', 'y', 'on'].map((word) => [word, true] as const),
  ...[0, '0', 'false', 'f', 'no', 'n', 'off'].map((word) => [word, false] as const),
]);

/** @throws EngineError 400 with vLLM's validation text */
export function boolean(body: Body, field: string): boolean {
  const value = body[field];
  if (value === undefined || value === null) return false;
  if (typeof value === 'boolean') return value;
  const meant = booleans.get(typeof value === 'string' ? value.toLowerCase() : value);
  if (meant === undefined) throw invalid(field, 'Input should be a valid boolean');
  return meant;
}

/** A number of text counts, as pydantic has it. @throws EngineError as boolean */
export function integer(body: Body, field: string): number | null {
  const value = number(body, field, 'integer');
  if (value !== null && !Number.isInteger(value)) {
    throw invalid(field, 'Input should be a valid integer');
  }
  return value;
}

/** @throws EngineError as boolean */
export function number(
  body: Body,
  field: string,
  kind: 'integer' | 'number' = 'number',
): number | null {
  const value = body[field];
  if (value === undefined || value === null) return null;
  const found = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof found === 'number' && Number.isFinite(found)) return found;
  throw invalid(field, `Input should be a valid ${kind}`);
}

/** What is not an object counts as an empty one. */
export function record(value: unknown): Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Body)
    : {};
}

/**
 * Refuses a value of the right type that is out of bounds: vLLM checks those after the types, with an error of
 * another type (vllm/sampling_params.py `_verify_args`).
 */
export function demand(holds: boolean, field: string | null, message: string): void {
  if (!holds) throw new EngineError(400, 'BadRequestError', message, field);
}
