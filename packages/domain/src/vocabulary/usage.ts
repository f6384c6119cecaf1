import type { ProjectName, ServiceId } from './ids.ts';
import type { DurationMs, EpochMs } from './time.ts';

/**
 * How a request came to its end.
 * - `complete`      all of an answer was passed on, also one of the engine's refusals
 * - `engine_error`  the engine said that it failed
 * - `cut`           the engine went away in the middle of its answer, or we did
 * - `refused`       by us
 * - `client_left`   before the end of its answer
 * - `lost`          its proxy died with it; what became of it nobody knows
 */
export type RequestOutcome =
  | 'complete'
  | 'engine_error'
  | 'cut'
  | 'refused'
  | 'client_left'
  | 'lost';

/** What is kept of one request for whoever has to account for it. Never what was asked or answered. */
export interface UsageRecord {
  /** UUID of our own, whatever the caller calls it: a record that comes twice is counted once. */
  readonly id: string;
  /** When it was over. */
  readonly at: EpochMs;
  readonly project: ProjectName;
  /** null: it named no model that is there, or is for a service. */
  readonly hfModelId: string | null;
  /** null: it is for a model. */
  readonly service: ServiceId | null;
  /** Id of who asked; null where nobody could tell. */
  readonly principal: string | null;
  /** As in the path: `chat/completions`; of services `service`, `service/websocket`, `service/models`, `service/prompt`. */
  readonly operation: string;
  /** As the client was told; 499: it had left, 0: nobody knows. */
  readonly status: number;
  readonly outcome: RequestOutcome;
  readonly streamed: boolean;
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** Of the prompt's, those that the engine had at hand from an earlier one. */
  readonly cachedTokens: number;
  /** Whether the tokens are guessed, because the engine did not get to tell them. */
  readonly estimated: boolean;
  /** From the head of the request to the end. */
  readonly durationMs: DurationMs;
  /** From the head of the request to the engine's first byte; null: none came. */
  readonly firstByteMs: DurationMs | null;
  /** How long it waited for its model. */
  readonly heldMs: DurationMs;
  /**
   * What passed from its client and to it: of requests to services their bodies, of sessions everything behind the answer to
   * the offer. 0 of what is counted in tokens:
   * prompts of services, and other requests for models.
   */
  readonly bytesUp: number;
  readonly bytesDown: number;
}

/** Sums over requests. */
export interface UsageFigures {
  readonly requests: number;
  /** Of them, those to services. */
  readonly services: number;
  /** By status, which adds up to all of them: below 400, 4xx but 499, 5xx, 499, and 0. */
  readonly ok: number;
  readonly clientErrors: number;
  readonly serverErrors: number;
  readonly left: number;
  readonly lost: number;
  /** Of those that began well: broke off in the middle. */
  readonly cut: number;
  /** Those whose tokens are guessed. */
  readonly estimated: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly cachedTokens: number;
  /** Prompt and completion, of those that are guessed. */
  readonly estimatedTokens: number;
  readonly durationMs: DurationMs;
  readonly firstByteMs: DurationMs;
  /** Requests that got a first byte. */
  readonly firstBytes: number;
  readonly heldMs: DurationMs;
  readonly bytesUp: number;
  readonly bytesDown: number;
}

/** What sums may be told apart by. */
export const usageKeys = ['model', 'user', 'day', 'hour'] as const;
export type UsageKey = (typeof usageKeys)[number];

/** One group of sums: a value for each key that was asked for. */
export interface UsageGroup {
  /** null: requests for models that are not there, and those to services. */
  readonly model?: string | null;
  /** null: nobody could tell. */
  readonly user?: string | null;
  /** Its first moment, UTC. */
  readonly day?: EpochMs;
  readonly hour?: EpochMs;
  readonly figures: UsageFigures;
}
