import type { Delta } from './choice.ts';

/** Which of the two generating routes an answer belongs to. */
export type AnswerKind = 'chat' | 'completion';

/** What every part of one answer carries. */
export interface Envelope {
  readonly kind: AnswerKind;
  readonly id: string;
  readonly created: number;
  readonly model: string;
  /** What vLLM says of its version and parallelism in answers (0.21 and later); null: another engine's. */
  readonly fingerprint: string | null;
}

export interface Usage {
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** null: not told. */
  readonly cachedTokens: number | null;
}

/** A whole choice, for answers that are not streamed. */
export interface FinishedChoice {
  readonly index: number;
  readonly text: string;
  readonly reason: string;
  readonly stopReason: string | null;
}

const objects = {
  chat: { whole: 'chat.completion', chunk: 'chat.completion.chunk' },
  completion: { whole: 'text_completion', chunk: 'text_completion' },
} as const;

function usagePayload({ promptTokens, completionTokens }: Usage) {
  return {
    prompt_tokens: promptTokens,
    total_tokens: promptTokens + completionTokens,
    completion_tokens: completionTokens,
  };
}

function promptDetails({ cachedTokens }: Usage) {
  return cachedTokens === null ? null : { cached_tokens: cachedTokens };
}

/** Left out where there is none, as vLLM leaves out what is not set. */
function fingerprintOf({ fingerprint }: Envelope) {
  return fingerprint === null ? {} : { system_fingerprint: fingerprint };
}

/** The whole answer (vllm/entrypoints/openai/protocol.py). */
export function wholeAnswer(
  envelope: Envelope,
  choices: readonly FinishedChoice[],
  usage: Usage,
): unknown {
  return {
    ...head(envelope, objects[envelope.kind].whole),
    choices: choices.map((choice) => ({
      index: choice.index,
      ...(envelope.kind === 'chat'
        ? { message: { role: 'assistant', content: choice.text, refusal: null, tool_calls: [] } }
        : { text: choice.text }),
      logprobs: null,
      finish_reason: choice.reason,
      stop_reason: choice.stopReason,
    })),
    service_tier: null,
    system_fingerprint: envelope.fingerprint,
    usage: { ...usagePayload(usage), prompt_tokens_details: promptDetails(usage) },
  };
}

/** First chunk of a streamed chat choice: the role and no text. */
export function roleChunk(envelope: Envelope, index: number): unknown {
  return {
    ...head(envelope, objects.chat.chunk),
    choices: [
      { index, delta: { role: 'assistant', content: '' }, logprobs: null, finish_reason: null },
    ],
  };
}

/**
 * One streamed step; `stop_reason` is there only in the last one, as vLLM leaves unset fields out, and so is the
 * fingerprint, unless a chunk with the usage follows (vllm/entrypoints/openai/chat_completion/serving.py).
 * @param usage so far, where it is asked for in every chunk
 */
export function deltaChunk(
  envelope: Envelope,
  delta: Delta,
  usage: Usage | null,
  usageFollows: boolean,
): unknown {
  const { finish } = delta;
  return {
    ...head(envelope, objects[envelope.kind].chunk),
    choices: [
      {
        index: delta.index,
        ...(envelope.kind === 'chat' ? { delta: { content: delta.text } } : { text: delta.text }),
        logprobs: null,
        finish_reason: finish?.reason ?? null,
        ...(finish === null ? {} : { stop_reason: finish.stopReason }),
      },
    ],
    ...(usage === null ? {} : { usage: usagePayload(usage) }),
    ...(finish === null || usageFollows ? {} : fingerprintOf(envelope)),
  };
}

/** The chunk after the last one, when the caller asked for usage. */
export function usageChunk(envelope: Envelope, usage: Usage): unknown {
  return {
    ...head(envelope, objects[envelope.kind].chunk),
    choices: [],
    usage: {
      ...usagePayload(usage),
      ...(usage.cachedTokens === null ? {} : { prompt_tokens_details: promptDetails(usage) }),
    },
    ...fingerprintOf(envelope),
  };
}

function head({ id, created, model }: Envelope, object: string) {
  return { id, object, created, model };
}
