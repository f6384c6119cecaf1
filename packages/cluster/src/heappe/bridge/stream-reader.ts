import { isJson } from './json.ts';

/** HEAppE writes this, a text and a blank line behind whatever it has sent, when a stream fails. */
const mark = Buffer.from('data: Error: ');
/** With this it refuses a request, as plain text. */
const refusal = 'Validation failed';
/** Of an answer that is no event stream so much is kept back: an error may be its end. Longer texts there are none. */
const tailBytes = 8 * 1024;
const nothing: Buffer = Buffer.alloc(0);
const newline = 0x0a;
const eventFields: readonly string[] = ['data:', 'event:', 'id:', 'retry:', ':'];

/**
 * Reads what HttpPostToJobNodeStream answers. Its status is always 200: whether something failed stands in the
 * body, in front of what the node said, behind it, or in the middle of an event that was cut off
 * (RestApi/Controllers/DataTransferController.cs). Gives out what the node said: of an event stream whole events
 * only, so that the client is always between two; of anything else all but the last bytes until the end is there.
 */
export class StreamReader {
  /** null: not known yet. */
  kind: 'events' | 'plain' | null = null;
  /** HEAppE's words; what comes behind them is nobody's. */
  error: string | null = null;
  #pending: Buffer[] = [];
  #pendingBytes = 0;

  /** @returns what the client may have now; empty when that is nothing */
  push(piece: Buffer): Buffer {
    if (this.error !== null || piece.length === 0) return nothing;
    this.#pending.push(piece);
    this.#pendingBytes += piece.length;
    if (this.kind === null) this.kind = kindOf(this.#start());
    if (this.kind === null) return nothing;
    return this.kind === 'events' ? this.#events(piece) : this.#plain();
  }

  /** The stream has ended: what was kept back. */
  end(): Buffer {
    if (this.error !== null) return nothing;
    this.kind ??= 'plain';
    const rest = this.#take();
    if (this.kind === 'events') return this.#withoutError(rest, findInEvents(rest));
    return this.#withoutError(rest, findBehind(rest));
  }

  #events(piece: Buffer): Buffer {
    // Inside of an event there are no line ends: only with one can there be something new to tell.
    if (this.#pending.length > 1 && !piece.includes(newline)) return nothing;
    const bytes = this.#take();
    const boundary = lastBoundary(bytes);
    if (boundary === 0) {
      this.#keep(bytes);
      return nothing;
    }
    const events = bytes.subarray(0, boundary);
    if (boundary < bytes.length) this.#keep(bytes.subarray(boundary));
    return this.#withoutError(events, findInEvents(events));
  }

  #plain(): Buffer {
    if (this.#pendingBytes <= 2 * tailBytes) return nothing;
    const bytes = this.#take();
    if (bytes.toString('latin1', 0, refusal.length) === refusal) {
      this.#keep(bytes);
      return nothing;
    }
    this.#keep(bytes.subarray(-tailBytes));
    return bytes.subarray(0, -tailBytes);
  }

  #withoutError(bytes: Buffer, found: Found | null): Buffer {
    if (found === null) return bytes;
    this.error = found.text;
    this.#take();
    return bytes.subarray(0, found.cleanBytes);
  }

  #start(): string {
    const first = this.#pending[0] ?? nothing;
    return first.length >= longestStart || this.#pending.length === 1
      ? first.toString('latin1', 0, longestStart)
      : Buffer.concat(this.#pending).toString('latin1', 0, longestStart);
  }

  #take(): Buffer {
    const [first = nothing] = this.#pending;
    const bytes = this.#pending.length > 1 ? Buffer.concat(this.#pending) : first;
    this.#pending = [];
    this.#pendingBytes = 0;
    return bytes;
  }

  #keep(bytes: Buffer): void {
    this.#pending = [bytes];
    this.#pendingBytes = bytes.length;
  }
}

interface Found {
  readonly cleanBytes: number;
  readonly text: string;
}

const longestStart = 64;

function kindOf(start: string): 'events' | 'plain' | null {
  const text = start.trimStart();
  if (eventFields.some((field) => text.startsWith(field))) return 'events';
  const undecided =
    start.length < longestStart && eventFields.some((field) => field.startsWith(text));
  return undecided ? null : 'plain';
}

/** Behind the last blank line; 0: there is none. */
function lastBoundary(bytes: Buffer, before = bytes.length): number {
  const ends = [bytes.lastIndexOf('\n\n', before), bytes.lastIndexOf('\n\r\n', before)] as const;
  return Math.max(ends[0] === -1 ? 0 : ends[0] + 2, ends[1] === -1 ? 0 : ends[1] + 3);
}

function findInEvents(events: Buffer): Found | null {
  let at = events.indexOf(mark);
  while (at !== -1) {
    if (isHeappes(events, at)) {
      const cleanBytes = at < 2 ? 0 : Math.min(at, lastBoundary(events, at - 2));
      // In a line that was cut off a model may have said the same before.
      return { cleanBytes, text: textAt(events, events.lastIndexOf(mark)) };
    }
    at = events.indexOf(mark, at + 1);
  }
  return null;
}

/** Its own line, or the rest of one that was cut off; in a whole line it is what a model said. */
function isHeappes(events: Buffer, at: number): boolean {
  const start = at === 0 ? 0 : events.lastIndexOf(newline, at - 1) + 1;
  if (start === at) return true;
  const end = events.indexOf(newline, at);
  const line = events.toString('utf8', start, end === -1 ? events.length : end);
  return !isJson(line.slice(line.indexOf(':') + 1));
}

/** Engines do not end their JSON with a blank line, HEAppE its errors always. */
function findBehind(body: Buffer): Found | null {
  if (body.toString('latin1', 0, refusal.length) === refusal) {
    return { cleanBytes: 0, text: body.toString('utf8').trim() };
  }
  if (body.toString('latin1', body.length - 2) !== '\n\n') return null;
  const at = body.lastIndexOf(mark);
  return at === -1 ? null : { cleanBytes: at, text: textAt(body, at) };
}

function textAt(bytes: Buffer, at: number): string {
  return bytes.toString('utf8', at + mark.length).trim();
}
