/** What was read of an answer so far, byte for byte honest. */
export interface Reading {
  /** Tokens that came. */
  readonly tokens: number;
  /** The engine's last word came: `[DONE]`, or a whole body. */
  readonly done: boolean;
  /** What the answer itself says went wrong. */
  readonly error: string | null;
}

/** How a request ended for its client. */
export interface Outcome {
  /** Every token came, and the end as the protocol says it. */
  readonly whole: boolean;
  /** null: it is whole. */
  readonly error: string | null;
}

interface Answer {
  readonly choices?: readonly {
    readonly delta?: { readonly content?: string | null };
    readonly finish_reason?: string | null;
  }[];
  readonly usage?: { readonly completion_tokens: number } | null;
  readonly error?: { readonly message?: string };
}

export const unread: Reading = { tokens: 0, done: false, error: null };

/** One line more of a stream. Throws where it is no JSON. */
export function afterLine(reading: Reading, line: string): Reading {
  if (line === 'data: [DONE]') return { ...reading, done: true };
  if (!line.startsWith('data: ')) return reading;
  const event = JSON.parse(line.slice('data: '.length)) as Answer;
  const more = (event.choices?.[0]?.delta?.content ?? '') === '' ? 0 : 1;
  return {
    ...reading,
    tokens: reading.tokens + more,
    error: reading.error ?? complaintOf(event),
  };
}

/** A whole body. Throws where it is no JSON. */
export function ofBody(text: string): Reading {
  const answer = JSON.parse(text) as Answer;
  return {
    tokens: answer.usage?.completion_tokens ?? 0,
    done: answer.usage !== undefined,
    error: complaintOf(answer),
  };
}

/** Engines that are ended make a cut answer look finished: so every token has to have come. */
export function outcomeOf(status: number, reading: Reading, asked: number): Outcome {
  const error = problemOf(status, reading, asked);
  return { whole: error === null, error };
}

function problemOf(status: number, { tokens, done, error }: Reading, asked: number): string | null {
  if (error !== null) return error;
  if (status !== 200) return `status ${status}`;
  if (!done) return `cut after ${tokens} of ${asked} tokens`;
  return tokens === asked ? null : `${tokens} of ${asked} tokens`;
}

/** `abort` is how vLLM ends what it gives up. */
function complaintOf({ error, choices }: Answer): string | null {
  if (error !== undefined) return error.message ?? JSON.stringify(error);
  return choices?.[0]?.finish_reason === 'abort' ? 'finish_reason abort' : null;
}
