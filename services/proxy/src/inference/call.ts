import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Operation } from '../server/classify.ts';

/** One inference request as the server hands it over. */
export interface InferenceCall {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  readonly project: string;
  readonly operation: Operation;
  /** Path and query for the engine. */
  readonly path: string;
  /** performance.now() when its head was read. */
  readonly startedAt: number;
}
