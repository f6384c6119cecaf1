import type { AnswerKind } from './aggregate.ts';

/** Operations that an engine can stream. */
const kinds: ReadonlyMap<string, AnswerKind> = new Map([
  ['/v1/chat/completions', 'chat'],
  ['/v1/completions', 'text'],
]);

/** null: engines answer this path in one piece. @param path with or without query */
export function streamedKind(path: string): AnswerKind | null {
  return kinds.get(path.split('?', 1)[0] ?? path) ?? null;
}

/**
 * The same request for a stream with the usage at its end; null when it asks for a stream already, or is no JSON
 * object. The text stays as it is, numbers that JavaScript cannot hold included: of two fields of one name the
 * last one counts (engines read with pydantic, RFC 8259 §4 leaves it open).
 */
export function askForStream(payload: string): string | null {
  const request = parse(payload);
  if (request === null || request.stream === true) return null;
  const end = payload.lastIndexOf('}');
  const comma = Object.keys(request).length === 0 ? '' : ',';
  const options = JSON.stringify({ ...asObject(request.stream_options), include_usage: true });
  return `${payload.slice(0, end)}${comma}"stream":true,"stream_options":${options}}`;
}

function parse(payload: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(payload);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? { ...value }
      : null;
  } catch {
    return null;
  }
}

function asObject(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {};
}
