import { AnswerAggregate, type AnswerKind } from './aggregate.ts';
import { type NodeError, statusField } from './node-error.ts';

type Fields = Readonly<Record<string, unknown>>;

/**
 * What became of a plain answer that was asked for as a stream.
 * - `answer`  it is whole
 * - `error`   the engine ended it with an error
 * - `cut`     the stream ended before the answer did
 * - `mangled` the engine did not stream, and HEAppE has damaged what it answered
 */
export type PlainOutcome =
  | { readonly kind: 'answer'; readonly body: string }
  | ({ readonly kind: 'error' } & NodeError)
  | { readonly kind: 'cut' | 'mangled' };

/** HEAppE decodes each piece by itself: characters that were cut in two are replaced (Encoding.UTF8.GetString). */
const replaced = '\ufffd';

/**
 * Makes one JSON answer of an event stream. An engine that answers with JSON although it was asked to stream comes
 * as events with a piece of it each (HEAppE 6.1.0 to 6.2.1); such pieces are put together again where they are
 * undamaged.
 */
export class PlainFromStream {
  readonly #aggregate: AnswerAggregate;
  #pieces: string[] | null = null;
  #whole: string | null = null;
  #error: NodeError | null = null;
  #first = true;
  #done = false;

  constructor(kind: AnswerKind) {
    this.#aggregate = new AnswerAggregate(kind);
  }

  /** @param events whole ones */
  push(events: Buffer): void {
    for (const payload of payloadsOf(events.toString('utf8'))) {
      if (this.#pieces !== null) this.#pieces.push(payload);
      else if (payload === '[DONE]') this.#done = true;
      else this.#add(payload);
      this.#first = false;
    }
  }

  outcome(): PlainOutcome {
    if (this.#error !== null) return { kind: 'error', ...this.#error };
    if (this.#pieces !== null) return joined(this.#pieces);
    if (this.#whole !== null) return { kind: 'answer', body: this.#whole };
    // Engines end every stream so; the last choice to be known may not be the last there is, nor is usage.
    if (!this.#done) return { kind: 'cut' };
    return { kind: 'answer', body: JSON.stringify(this.#aggregate.answer()) };
  }

  #add(payload: string): void {
    const value = parse(payload);
    if (value === null) {
      if (this.#first) this.#pieces = [payload];
    } else if (isError(value)) {
      this.#error ??= { status: statusField(value) ?? 500, body: payload };
    } else if (isWhole(value)) this.#whole = payload;
    else this.#aggregate.add(value);
  }
}

/** The data of each event (HTML Living Standard §9.2.6). */
export function payloadsOf(events: string): readonly string[] {
  const payloads: string[] = [];
  for (const event of events.split(/\r?\n\r?\n/)) {
    const lines = event.split(/\r?\n/).filter((line) => line.startsWith('data:'));
    if (lines.length > 0) {
      payloads.push(lines.map((line) => line.slice(line[5] === ' ' ? 6 : 5)).join('\n'));
    }
  }
  return payloads;
}

function joined(pieces: readonly string[]): PlainOutcome {
  const body = pieces.join('');
  if (body.includes(replaced)) return { kind: 'mangled' };
  return parse(body) === null ? { kind: 'cut' } : { kind: 'answer', body };
}

function isError(value: Fields): boolean {
  return value.object === 'error' || (value.error !== undefined && value.error !== null);
}

/** A short plain answer fits into one piece. */
function isWhole({ choices }: Fields): boolean {
  if (!Array.isArray(choices)) return true;
  return choices.some(
    (choice: unknown) => typeof choice === 'object' && choice !== null && 'message' in choice,
  );
}

function parse(text: string): Fields | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}
