import { GrowingBytes } from '../growing-bytes.ts';
import type { EngineHabits } from './engine-habits.ts';
import { endOfEvent, endOfEvents } from './sse.ts';
import { findUsage, type Usage } from './usage.ts';
import { type Chunk, readChunk } from './usage-chunk.ts';

/** With their quotes: inside of a JSON string those would be escaped, so no generated text looks like these. */
const usageMark = Buffer.from('"usage"');
const fingerprintMark = Buffer.from('"system_fingerprint"');
/** Not null: the last chunk of a choice. As vLLM writes it, without blanks. */
const finishMark = Buffer.from('"finish_reason":"');
/** A beginning of an event that is longer than this is not that of the usage. */
const longestKept = 64 * 1024;
const nothing: Buffer = Buffer.alloc(0);
/** Of the bytes that end an event all but one may be on one side of a cut. */
const longestSeam = 2;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/**
 * Takes out of a stream what is in it only because we asked for its usage, so that the caller gets the bytes that it
 * would have got: the chunk with the usage, `"usage":null` in all others where the engine does that, and vLLM's
 * fingerprint, which then is not where it would be. Whole events are passed on as they come; the beginning of one, which
 * no client can use, waits for its end.
 */
export class UsageCut {
  /** Of the chunk that was taken out. */
  usage: Usage | null = null;
  readonly #habits: EngineHabits;
  readonly #withNulls: boolean;
  /** The beginning of an event. */
  readonly #kept = new GrowingBytes();
  /** In the middle of one that is too long to be kept. */
  #passing = false;
  /** The last chunk of a choice, until it is known whether it lacks a fingerprint: in the first stream of an engine. */
  #held: Buffer | null = null;
  /** The engine tells usage on its own account: its chunks are not there because of us. */
  #unasked = false;

  /** @param withNulls whether `"usage":null` in a chunk is there because usage was asked for */
  constructor(habits: EngineHabits, withNulls: boolean) {
    this.#habits = habits;
    this.#withNulls = withNulls;
  }

  /** Whether what went on ends between two events. */
  get atBoundary(): boolean {
    return !this.#passing;
  }

  /** @returns what goes on of all that came so far */
  take(piece: Buffer): Buffer {
    const isFresh = this.#kept.length === 0 && !this.#passing;
    if (!isFresh && this.#goesOn(piece)) {
      this.#kept.push(piece);
      return nothing;
    }
    const bytes = isFresh ? piece : Buffer.concat([this.#kept.bytes, piece]);
    const end = endOfEvents(bytes);
    if (isFresh && end === bytes.length && !this.#concerns(bytes)) return bytes;
    const from = this.#passing ? Math.max(0, endOfEvent(bytes, 0)) : 0;
    const out: Buffer[] = [bytes.subarray(0, from)];
    if (end > 0) this.#passing = false;
    this.#rewrite(bytes.subarray(from, end), out);
    this.#keep(bytes.subarray(end), out);
    const [, only] = out;
    return out.length === 2 && from === 0 && only !== undefined ? only : Buffer.concat(out);
  }

  /** What was kept back, at the end of the stream. */
  rest(): Buffer {
    const rest = Buffer.concat([this.#held ?? nothing, this.#kept.bytes]);
    this.#held = null;
    this.#kept.clear();
    return rest;
  }

  /** What was kept back and is whole, where the stream breaks off. */
  wholeRest(): Buffer {
    const whole = this.#held ?? nothing;
    this.#held = null;
    return whole;
  }

  /** Whether it is one more piece of the event whose beginning is kept, and leaves room for more: nothing is searched twice. */
  #goesOn(piece: Buffer): boolean {
    if (this.#passing || this.#kept.length + piece.length > longestKept) return false;
    if (endOfEvents(piece) > 0) return false;
    const seam = [this.#kept.bytes.subarray(-longestSeam), piece.subarray(0, longestSeam)];
    return endOfEvents(Buffer.concat(seam)) === 0;
  }

  /** Whether any of these events is to be looked at. */
  #concerns(events: Buffer): boolean {
    if (this.#unasked) return false;
    if (this.#held !== null || events.includes(usageMark)) return true;
    return this.#habits.fingerprint !== null && events.includes(finishMark);
  }

  #rewrite(events: Buffer, out: Buffer[]): void {
    if (events.length === 0) return;
    if (!this.#concerns(events)) {
      out.push(events);
      return;
    }
    let at = 0;
    while (at < events.length) {
      const found = endOfEvent(events, at);
      // Line breaks behind a blank line can be the end of two of them.
      const end = found === -1 ? events.length : found;
      this.#event(events.subarray(at, end), out);
      at = end;
    }
  }

  #event(event: Buffer, out: Buffer[]): void {
    const chunk = event.includes(usageMark) ? readChunk(event) : null;
    if (chunk?.usage?.kind === 'object' && chunk.withoutChoices && !this.#unasked) {
      this.#usageCame(event, chunk, out);
      return;
    }
    this.#release(out);
    if (chunk?.usage?.kind === 'object') this.#unasked = true;
    const rid = this.#withoutNull(event, chunk);
    if (!this.#unasked && rid.includes(finishMark)) this.#finish(rid, out);
    else out.push(rid);
  }

  #usageCame(event: Buffer, { usage, fingerprint }: Chunk, out: Buffer[]): void {
    this.usage = usage === null ? null : findUsage(event.subarray(0, usage.end));
    this.#habits.fingerprint =
      fingerprint === null
        ? null
        : Buffer.from(event.subarray(fingerprint.valueAt, fingerprint.end));
    const held = this.#held;
    this.#held = null;
    if (held !== null) this.#finish(held, out);
  }

  /** The last chunk of a choice gets the fingerprint that it would have. */
  #finish(event: Buffer, out: Buffer[]): void {
    const { fingerprint } = this.#habits;
    if (fingerprint === null || event.includes(fingerprintMark)) out.push(event);
    else if (fingerprint === undefined) this.#held = Buffer.from(event);
    else {
      const at = event.lastIndexOf('}');
      out.push(
        event.subarray(0, at),
        Buffer.from(',"system_fingerprint":'),
        fingerprint,
        event.subarray(at),
      );
    }
  }

  #withoutNull(event: Buffer, chunk: Chunk | null): Buffer {
    const usage = chunk?.usage;
    if (!this.#withNulls || usage?.kind !== 'null' || usage.isFirst) return event;
    return Buffer.concat([event.subarray(0, usage.from), event.subarray(usage.end)]);
  }

  #release(out: Buffer[]): void {
    if (this.#held !== null) out.push(this.#held);
    this.#held = null;
  }

  #keep(rest: Buffer, out: Buffer[]): void {
    this.#kept.clear();
    if (rest.length === 0) return;
    if (!this.#passing && rest.length <= longestKept) {
      this.#kept.push(rest);
      return;
    }
    this.#release(out);
    this.#passing = true;
    const breaks = lineBreaksAtEnd(rest);
    out.push(rest.subarray(0, rest.length - breaks));
    this.#kept.push(rest.subarray(rest.length - breaks));
  }
}

/** They may be half of a blank line: what is before the last two of them is not. */
function lineBreaksAtEnd(bytes: Buffer): number {
  let count = 0;
  for (
    let byte = bytes.at(-1);
    count < longestSeam && (byte === lineFeed || byte === carriageReturn);
  ) {
    count += 1;
    byte = bytes.at(-1 - count);
  }
  return count;
}
