import type { Operation } from '../server/classify.ts';
import type { ClientCall } from '../server/client-call.ts';
import type { ClientSession } from './session/client-session.ts';

/** Operations that answer with an event stream when they are asked to; engines ignore `stream` of all others. */
const streaming: ReadonlySet<Operation> = new Set(['chat/completions', 'completions']);

/** @param asked what the body says */
export function isStreamed(operation: Operation, asked: boolean): boolean {
  return asked && streaming.has(operation);
}

/** One inference request as the server hands it over. */
export interface InferenceCall {
  readonly client: ClientCall;
  /** Where a session is asked for: its client; null: a request with one answer. */
  readonly session: ClientSession | null;
  readonly requestId: string;
  readonly project: string;
  readonly operation: Operation;
  /** Path and query for the engine. */
  readonly path: string;
  /** performance.now() when its head was read. */
  readonly startedAt: number;
}

/**
 * The 32 digits of a request id that was made here; null where the caller has given it: that may look like ours, and
 * come twice.
 */
export function ownId({ client, requestId }: InferenceCall): string | null {
  return client.header('x-request-id') === requestId ? null : requestId.slice('req_'.length);
}
