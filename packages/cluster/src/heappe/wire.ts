import type { z } from 'zod';
import type { HeappeConfig } from '../config/heappe.ts';
import { checkLength } from './byte-limits.ts';
import type { HeappeRequest, OpenAnswer, QueryValue } from './exchange.ts';
import { HeappeError, parseJson } from './failures.ts';
import type { Features } from './features.ts';
import type { Identity } from './sign-in.ts';

/** One typed call: what goes in as JSON, what has to come out. */
export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, QueryValue>>;
  /** `SessionCode` is added. */
  readonly body?: Readonly<Record<string, unknown>>;
  /** Instead of `body`: sent as it is, with these headers. */
  readonly raw?: { readonly body: Buffer; readonly headers: Readonly<Record<string, string>> };
  /** Until the answer is complete. Absent: that of commands; null: as long as it takes. */
  readonly timeoutMs?: number | null;
}

/** How the parts of the client talk. */
export interface Wire {
  json<T>(call: Call, schema: z.ZodType<T>, signal: AbortSignal): Promise<T>;
  open(call: Call, signal: AbortSignal): Promise<OpenAnswer>;
  features(signal: AbortSignal): Promise<Features>;
  readonly timeouts: HeappeConfig['timeouts'];
}

/** Before 6.2 a call without a session is one that breaks a rule (SessionCodeValidator.cs): 404. */
export function isUnknownIdentity(error: unknown): error is HeappeError {
  if (!(error instanceof HeappeError)) return false;
  return error.status === 401 || (error.status === 404 && /^SessionCode /.test(error.detail));
}

/** @param features null: the call's length needs no check */
export function assemble(
  call: Call,
  { headers, sessionCode }: Identity,
  features: Features | null,
  timeoutMs: number,
): HeappeRequest {
  const { method, path, query, body, raw } = call;
  const json =
    body === undefined
      ? undefined
      : JSON.stringify(sessionCode === null ? body : { ...body, SessionCode: sessionCode });
  if (json !== undefined && features !== null) checkLength(path, json, features);
  const code = body === undefined && sessionCode !== null ? { SessionCode: sessionCode } : {};
  const content = raw?.body ?? json;
  return {
    method,
    path,
    query: { ...query, ...code },
    headers: { ...raw?.headers, ...headers },
    ...(content === undefined ? {} : { body: content }),
    timeoutMs: call.timeoutMs === undefined ? timeoutMs : call.timeoutMs,
  };
}

export function parsed<T>(action: string, schema: z.ZodType<T>, text: string): T {
  const result = schema.safeParse(text === '' ? null : parseJson(text));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where = issue === undefined ? '' : ` (${issue.path.join('.')}: ${issue.message})`;
  throw new HeappeError('unreachable', `${action}: the answer is not what HEAppE answers${where}`);
}
