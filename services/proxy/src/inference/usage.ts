import { JsonCursor } from './json-cursor.ts';

/** Tokens of one answer as the engine counted them. */
export interface Usage {
  readonly prompt: number;
  readonly completion: number;
  /** Of the prompt's, those that the engine had at hand; 0 where it does not tell (vLLM, SGLang: by a flag). */
  readonly cached: number;
}

/** An unescaped quote cannot stand inside of a JSON string, so no text of an answer looks like this. */
const mark = '"usage"';
const colon = 0x3a;
const openBrace = 0x7b;
/** More than a usage object with all details and the `[DONE]` behind it. */
const enoughBytes = 1024;
/** More than that are put together: an engine may send a byte at a time. */
const mostPieces = 64;

/**
 * The end of an answer as it passes: the last pieces that together are enough to find the usage in, wherever the
 * network has cut them. Nothing is parsed before the end, nor copied where pieces are not tiny.
 */
export class AnswerTail {
  readonly #pieces: Buffer[] = [];
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  push(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    for (;;) {
      const size = this.#pieces[0]?.length ?? 0;
      if (this.#bytes - size < enoughBytes) break;
      this.#pieces.shift();
      this.#bytes -= size;
    }
    // The first one may be large; those behind it are not enough by themselves, so they are small.
    if (this.#pieces.length > mostPieces) this.#pieces.push(Buffer.concat(this.#pieces.splice(1)));
  }

  usage(): Usage | null {
    return findUsage(Buffer.concat(this.#pieces, this.#bytes));
  }

  includes(mark: string): boolean {
    return Buffer.concat(this.#pieces, this.#bytes).includes(mark);
  }
}

/**
 * The last `usage` object in a piece of an answer's end; null where there is none that can be read.
 * @param text the same, a character for each byte (latin1), for those who have it
 */
export function findUsage(bytes: Buffer, text = bytes.toString('latin1')): Usage | null {
  const at = text.lastIndexOf(mark);
  if (at === -1) return null;
  const cursor = new JsonCursor(bytes);
  cursor.at = at + mark.length;
  if (!cursor.take(colon) || cursor.peek() !== openBrace) return null;
  const from = cursor.at;
  if (!cursor.skipValue()) return null;
  return parseUsage(bytes.toString('utf8', from, cursor.at));
}

/** The cursor does not look into strings: what it has passed may still be no JSON. */
function parseUsage(json: string): Usage | null {
  try {
    const value = JSON.parse(json) as Readonly<Record<string, unknown>>;
    const details = value.prompt_tokens_details as { readonly cached_tokens?: unknown } | null;
    return {
      prompt: count(value.prompt_tokens),
      completion: count(value.completion_tokens),
      cached: count(details?.cached_tokens),
    };
  } catch {
    return null;
  }
}

/** More than any answer has: engines are somebody else's, and sums are made of what they say. */
const mostTokens = 2 ** 31 - 1;

/** A whole number, whatever the engine says. */
function count(value: unknown): number {
  return typeof value === 'number' && value > 0 ? Math.min(Math.floor(value), mostTokens) : 0;
}
