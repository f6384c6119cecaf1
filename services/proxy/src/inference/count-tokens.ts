import type { Operation } from '../server/classify.ts';
import type { Come } from './relay.ts';
import type { Usage } from './usage.ts';

/** Tokens of one request, as they are accounted for. */
export interface CountedTokens extends Usage {
  /** Whether they are guessed. */
  readonly estimated: boolean;
}

/** What is known of a request when it is over. */
export interface KnownOfTokens {
  /** What the engine told; null: it did not get to that, or was not asked. */
  readonly usage: Usage | null;
  /** Whether an engine was at work on it, or has answered. */
  readonly atEngine: boolean;
  /** Whether an engine has refused it, or failed before it said anything. */
  readonly failed: boolean;
  readonly operation: Operation;
  readonly bodyBytes: number;
  /** What has come of the answer. */
  readonly come: Come;
}

/** A token of English text has about four characters, which is what the engines' own makers tell their users. */
const bytesPerToken = 4;
const none: CountedTokens = { prompt: 0, completion: 0, cached: 0, estimated: false };

/** At most: instructions, names and quotes of the JSON count, too; pictures count for far too much. */
export function guessPrompt(bodyBytes: number): number {
  return Math.ceil(bodyBytes / bytesPerToken);
}

/** Of a stream as many as chunks, without the one that says who speaks; of what is no stream by its size, as the prompt. */
function guessAnswer({ chunks, bytes }: Come, operation: Operation): number {
  // Numbers are no tokens.
  if (operation === 'embeddings') return 0;
  const withoutText = operation === 'chat/completions' ? 1 : 0;
  return Math.max(0, chunks - withoutText) + Math.ceil(bytes / bytesPerToken);
}

/**
 * As the engine counted them; else guessed: of the prompt by the size of the body, of the answer by what came of it: the
 * chunks of a stream, of which there are as many as tokens, or fewer, or the bytes of what is none. Who never came to an
 * engine, or was refused there, has cost nothing.
 */
export function countTokens(known: KnownOfTokens): CountedTokens {
  const { usage, atEngine, failed, operation, bodyBytes, come } = known;
  if (operation === 'realtime') return countSession(usage ?? none, come.chunks);
  if (usage !== null) return { ...usage, estimated: false };
  if (!atEngine || failed) return none;
  const completion = guessAnswer(come, operation);
  return { prompt: guessPrompt(bodyBytes), completion, cached: 0, estimated: true };
}

/**
 * Of an utterance that did not come to its end, the deltas: engines send one for a token. How many tokens its audio
 * is depends on the model.
 */
function countSession(told: Usage, deltas: number): CountedTokens {
  return { ...told, completion: told.completion + deltas, estimated: deltas > 0 };
}
