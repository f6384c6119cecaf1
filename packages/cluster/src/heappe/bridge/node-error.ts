import { isFields } from './json.ts';

/** An engine's answer with another status than 200, as far as it is known. */
export interface NodeError {
  readonly status: number;
  readonly body: string;
}

/**
 * What an engine said, from the detail of a failed GET or POST call (6.2.2 and later): its body in quotes, from
 * 6.3 on. Its status is lost, but engines repeat it as `code`: vLLM in `error`, SGLang flat
 * (vllm/entrypoints/openai/engine/protocol.py ErrorResponse; sglang/srt/entrypoints/openai/protocol.py).
 * @returns null when there is nothing in it: the engine did not answer in time or at all, or has an empty body
 */
export function nodeErrorIn(detail: string): NodeError | null {
  const quoted = detail.length > 1 && detail.startsWith("'") && detail.endsWith("'");
  const body = quoted ? detail.slice(1, -1) : detail;
  return body.trim() === '' ? null : { status: statusIn(body), body };
}

/** Bodies of servers that do not repeat the status. */
const knownWords: readonly (readonly [number, RegExp])[] = [
  // The key check of vLLM and SGLang.
  [401, /^\{"error":\s*"Unauthorized"\}$/],
  // FastAPI and Starlette.
  [404, /^\{"detail":\s*"Not Found"\}$/],
  [405, /^\{"detail":\s*"Method Not Allowed"\}$/],
  [401, /^\{"detail":\s*"(Unauthorized|Not authenticated|Could not validate credentials)"\}$/],
  [422, /^\{"detail":\s*\[/],
];

function statusIn(body: string): number {
  const text = body.trim();
  const known = knownWords.find(([, pattern]) => pattern.test(text))?.[0];
  return known ?? statusField(parse(text)) ?? 502;
}

/** The status that an engine repeats in its error, in `error` or outside of it; null when it does not. */
export function statusField(value: unknown): number | null {
  if (!isFields(value)) return null;
  const { code, status, error } = value;
  for (const candidate of [code, status]) {
    const number = Number(candidate);
    if (Number.isInteger(number) && number >= 400 && number < 600) return number;
  }
  return statusField(error);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
