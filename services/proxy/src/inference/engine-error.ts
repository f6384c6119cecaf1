import { errorBody } from '@wakefield/contracts';
import { AppError } from '@wakefield/domain';

/**
 * The JSON of an error event for an engine's answer that came after an event stream was opened. The engine's
 * words stay; flat bodies (SGLang, vLLM before 0.10.1) get the envelope that clients look for.
 */
export function engineErrorEvent(status: number, body: Buffer, requestId: string): string {
  const parsed = parse(body);
  const error = parsed?.error;
  if (isObject(error)) return JSON.stringify(parsed);
  if (typeof error === 'string') return envelope(status, error, requestId);
  if (typeof parsed?.message === 'string') return JSON.stringify({ error: parsed });
  return envelope(status, `The engine answered with status ${status}.`, requestId);
}

function envelope(status: number, message: string, requestId: string): string {
  const code = status >= 400 && status < 500 ? 'invalid_request' : 'upstream_error';
  return JSON.stringify(errorBody(new AppError(code, message), requestId));
}

function parse(body: Buffer): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(body.toString());
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
