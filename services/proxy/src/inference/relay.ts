import type { Usage } from './usage.ts';

/** How an answer that has begun to reach the client came to its end. */
export interface RelayEnd {
  /** `cut`: the engine went away in the middle of it. */
  readonly outcome: 'complete' | 'engine_error' | 'cut';
  readonly usage: Usage | null;
  /** In how many pieces a stream came: no more than it had tokens. 0 for what is no stream. */
  readonly pieces: number;
}

/** What a relay makes of a piece: take more, wait, or it is over. */
export type Step = 'more' | 'full' | 'over';

/** Carries one answer from the engine to the client. */
export interface Relay {
  data(piece: Buffer): Step;
  /** The engine's answer is complete, as far as HTTP goes. */
  end(): void;
  /** The connection to the engine broke. */
  broken(): void;
  /** Nobody wants it any more: says nothing from here on. */
  cancel(): void;
  /** Whether an error event may be the next thing that the client reads. */
  readonly atBoundary: boolean;
  /** What has come of the answer. */
  readonly come: Come;
  /** Usage that came on the way, as sessions tell it; null: none, or it comes at the end. */
  readonly told: Usage | null;
  /** Whether the answer has said by itself that it is over, whatever becomes of its connection. */
  readonly isSaid: boolean;
  /** The engine takes more of what its client says. */
  drained(): void;
}

/** How much has come of an answer. */
export interface Come {
  /** Events of a stream; of a session those whose usage was not told. */
  readonly chunks: number;
  /** Bytes of what is no stream. */
  readonly bytes: number;
}

export const nothingCame: Come = { chunks: 0, bytes: 0 };

/**
 * Why an answer is not worth having.
 * - `ended`   its engine is being ended
 * - `died`    its engine says that its core is gone
 * - `broken`  the connection broke behind the head
 * - `usage_refused`  its engine does not know what we asked besides: the usage of a stream
 */
export type Worthless = 'ended' | 'died' | 'broken' | 'usage_refused';

/** Where a relay reports; exactly one of `worthless` and `relayed`, once. */
export interface RelaySink {
  /** Takes a step that a timer or the client has brought, and no piece of the engine: heeds what it comes to, as of those. */
  later(step: () => Step): void;
  /** Nothing of this answer has reached the client, and it is not worth having. */
  worthless(why: Worthless): void;
  relayed(end: RelayEnd): void;
}

export interface Head {
  readonly status: number;
  /** Names, in lower case, and values by turns. */
  readonly headers: readonly string[];
  readonly requestId: string;
}
