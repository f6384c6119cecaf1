import type { NodeHeader } from '../api/transfers.ts';
import type { NodePort } from './address.ts';
import type { NodeStream } from './open-stream.ts';
import type { Reply } from './replies.ts';

/** One request for an engine. */
export interface Asked {
  readonly to: NodePort;
  /** Path and query. */
  readonly path: string;
  readonly headers: readonly NodeHeader[];
  readonly signal: AbortSignal;
}

/** What an engine answers: at once, or as it comes. */
export type Outcome =
  | { readonly kind: 'reply'; readonly reply: Reply }
  | { readonly kind: 'stream'; readonly stream: NodeStream };

/** How HEAppE bounds GET and plain POST calls (HTTPRequestConnectionTimeoutInSeconds), less what a clock may be off. */
export const nodeTimeoutMs = 10_000;
const timedOutFromMs = 9500;

/** Whether a call that told nothing of the node has ended because the node took too long. */
export function tookTooLong(afterMs: number): boolean {
  return afterMs >= timedOutFromMs;
}
