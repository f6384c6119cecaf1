/** What of an engine's frames is of interest. */
export interface FrameSink {
  /** A piece of a text message, as the network has cut it. */
  text(piece: Buffer): void;
  /** The text message is complete. */
  textOver(): void;
}

const continuation = 0x0;
const text = 0x1;
const close = 0x8;
const firstControl = 0x8;
/** Beyond this a length cannot be counted; no engine has that much to say (RFC 6455 §5.2: up to 2^63). */
const mostBytes = Number.MAX_SAFE_INTEGER;

/**
 * Follows the frames that pass from an engine to its client (RFC 6455 §5.2), however the network cuts them. Nothing is
 * kept, copied or refused: whether they are right is between the two.
 */
export class FrameReader {
  /** Whether the engine has said goodbye: a Close frame has passed. */
  hasClosed = false;
  readonly #sink: FrameSink;
  /** The head of a frame that is not complete: two bytes, its longer length, its mask. */
  readonly #head = Buffer.allocUnsafe(14);
  #headBytes = 0;
  /** Of the frame's payload, yet to come. */
  #left = 0;
  #inPayload = false;
  /** Whether the message that is under way is text; control frames may come in the middle of one. */
  #isText = false;
  /** What comes cannot be told any more. */
  #lost = false;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** Whether another frame may begin here. */
  get atBoundary(): boolean {
    return !this.#lost && !this.#inPayload && this.#headBytes === 0;
  }

  read(piece: Buffer): void {
    let at = 0;
    while (at < piece.length && !this.#lost) {
      at = this.#inPayload ? this.#readPayload(piece, at) : this.#readHead(piece, at);
    }
  }

  #readHead(piece: Buffer, from: number): number {
    let at = from;
    while (at < piece.length) {
      this.#head[this.#headBytes] = piece[at] ?? 0;
      this.#headBytes += 1;
      at += 1;
      if (this.#headBytes >= 2 && this.#headBytes === headBytesOf(this.#head)) {
        this.#begin();
        break;
      }
    }
    return at;
  }

  #begin(): void {
    const opcode = this.#opcode;
    this.#left = payloadBytesOf(this.#head);
    this.#lost = this.#left > mostBytes;
    if (opcode < firstControl && opcode !== continuation) this.#isText = opcode === text;
    this.#inPayload = true;
    if (this.#left === 0) this.#end();
  }

  #readPayload(piece: Buffer, from: number): number {
    const end = Math.min(piece.length, from + this.#left);
    this.#left -= end - from;
    if (this.#isOfText) this.#sink.text(piece.subarray(from, end));
    if (this.#left === 0) this.#end();
    return end;
  }

  #end(): void {
    const isLast = ((this.#head[0] ?? 0) & 0x80) !== 0;
    this.hasClosed ||= this.#opcode === close;
    if (this.#isOfText && isLast) this.#sink.textOver();
    this.#inPayload = false;
    this.#headBytes = 0;
  }

  get #opcode(): number {
    return (this.#head[0] ?? 0) & 0x0f;
  }

  get #isOfText(): boolean {
    return this.#isText && this.#opcode < firstControl;
  }
}

/** @param head its first two bytes at least */
function headBytesOf(head: Buffer): number {
  const second = head[1] ?? 0;
  const length = second & 0x7f;
  const mask = (second & 0x80) === 0 ? 0 : 4;
  return 2 + (length === 127 ? 8 : length === 126 ? 2 : 0) + mask;
}

function payloadBytesOf(head: Buffer): number {
  const length = (head[1] ?? 0) & 0x7f;
  if (length === 127) return Number(head.readBigUInt64BE(2));
  return length === 126 ? head.readUInt16BE(2) : length;
}
