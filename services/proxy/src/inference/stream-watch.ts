import { AnswerTail, type Usage } from './usage.ts';

/**
 * What a piece of an event stream says about its engine.
 * - `clean`  nothing special
 * - `ended`  the engine is being ended and cuts the stream, though it will look finished: `finish_reason` "abort"
 * - `died`   the error event of an engine whose core is gone, by the request or because it is being ended;
 *            `[DONE]` follows in both cases
 *            (vLLM: v1/engine/core.py, entrypoints/openai/chat_completion/serving.py)
 * - `error`  an error of the engine's own, which is for the client
 */
export type Finding = 'clean' | 'ended' | 'died' | 'error';

/** With their quotes: inside of a JSON string those would be escaped, so no generated text looks like these. */
const abortText = '"abort"';
const abortMark = Buffer.from(abortText);
const errorMark = Buffer.from('{"error"');
const finishReason = '"finish_reason":';
const dyingWords = 'EngineCore encountered an issue';
const dyingCore = Buffer.from(dyingWords);
const longestMark = 32;
const nothing: Buffer = Buffer.alloc(0);
const newline = 0x0a;
const blankLine = Buffer.from('\n\n');
const carriageReturn = 0x0d;

/**
 * Watches an event stream for what is in the way of calling it a success. Events are not parsed: each piece is
 * searched for two marks, and only its last bytes are kept when it ends inside of an event.
 */
export class StreamWatch {
  /** After a finding: how many bytes of that piece the client may still have. */
  cleanBytes = 0;
  /** Whether the pieces so far end between two events. */
  atBoundary = true;
  /** Events so far; those whose lines end with CRLF are not counted. */
  events = 0;
  #tail = nothing;
  readonly #end = new AnswerTail();

  inspect(piece: Buffer): Finding {
    const found = this.#search(piece);
    this.#count(piece);
    this.atBoundary = endsWithBlankLine(piece, this.#tail);
    this.#tail = this.atBoundary ? nothing : lastBytes(this.#tail, piece);
    this.#end.push(piece);
    return found;
  }

  /** Usage at the end of the stream, where engines put it when asked. */
  usage(): Usage | null {
    return this.#end.usage();
  }

  /** Inside of JSON there is no blank line. */
  #count(piece: Buffer): void {
    if (piece[0] === newline && this.#tail.at(-1) === newline) this.events += 1;
    // Most pieces are one event: one search, and not another one behind the end.
    for (let from = 0; from < piece.length; ) {
      const at = piece.indexOf(blankLine, from);
      if (at === -1) return;
      this.events += 1;
      from = at + blankLine.length;
    }
  }

  #search(piece: Buffer): Finding {
    const kept = this.#tail.length;
    const bytes = kept === 0 ? piece : Buffer.concat([this.#tail, piece]);
    const aborted = findAbort(bytes);
    const failed = findError(bytes);
    if (aborted === -1 && failed === -1) return 'clean';
    const dying = failed !== -1 && bytes.includes(dyingCore, failed);
    if (aborted === -1 && !dying) return 'error';
    const died = dying && aborted === -1;
    this.cleanBytes = cleanUpTo(bytes, died ? failed : aborted, kept);
    return died ? 'died' : 'ended';
  }
}

/** Bytes of the piece before the event with the mark; if that event has begun in an earlier one, up to its end. */
function cleanUpTo(bytes: Buffer, mark: number, kept: number): number {
  const blankLine = Math.max(
    lastEnd(bytes, '\n\n', mark),
    lastEnd(bytes, '\n\r\n', mark),
    kept === 0 ? 0 : -1,
  );
  if (blankLine >= kept) return blankLine - kept;
  const end = bytes.indexOf('\n\n', mark);
  return (end === -1 ? bytes.length : end + 2) - kept;
}

function lastEnd(bytes: Buffer, text: string, before: number): number {
  const at = bytes.lastIndexOf(text, before);
  return at === -1 ? -1 : at + text.length;
}

function findAbort(bytes: Buffer): number {
  let at = bytes.indexOf(abortMark);
  while (at !== -1) {
    const before = bytes.toString('latin1', Math.max(0, at - longestMark), at).trimEnd();
    if (before.endsWith(finishReason)) return at;
    at = bytes.indexOf(abortMark, at + 1);
  }
  return -1;
}

function findError(bytes: Buffer): number {
  let at = bytes.indexOf(errorMark);
  while (at !== -1) {
    const before = bytes.toString('latin1', Math.max(0, at - longestMark), at).trimEnd();
    if (before.endsWith('data:')) return at;
    at = bytes.indexOf(errorMark, at + 1);
  }
  return -1;
}

/** A blank line ends an event (HTML Living Standard §9.2.6); lines end with LF or CRLF. */
function endsWithBlankLine(piece: Buffer, before: Buffer): boolean {
  const { length } = piece;
  if (length > 1 && piece[length - 1] === newline && piece[length - 2] === newline) return true;
  const byte = (fromEnd: number): number | undefined =>
    piece.at(-fromEnd) ?? before.at(-(fromEnd - piece.length));
  if (byte(1) !== newline) return false;
  return byte(2) === newline || (byte(2) === carriageReturn && byte(3) === newline);
}

function lastBytes(before: Buffer, piece: Buffer): Buffer {
  if (piece.length >= longestMark) return Buffer.from(piece.subarray(-longestMark));
  return Buffer.concat([before, piece]).subarray(-longestMark);
}

/**
 * Whether a complete answer was ended by the engine's end: a choice with `finish_reason` "abort".
 * @param body a character for each byte (latin1): searched faster than a Buffer
 */
export function isAborted(body: string): boolean {
  let at = body.indexOf(abortText);
  while (at !== -1) {
    const before = body.slice(Math.max(0, at - longestMark), at).trimEnd();
    if (before.endsWith(finishReason)) return true;
    at = body.indexOf(abortText, at + 1);
  }
  return false;
}

/** Whether an error answer is that of an engine whose core is gone. */
export function isDyingEngine(body: string): boolean {
  return body.includes(dyingWords);
}
