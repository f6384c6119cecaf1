import { type Expected, sumOf } from '../wire.ts';

const endOfHead = Buffer.from('\r\n\r\n');
const endOfLine = Buffer.from('\r\n');
const endOfStream = Buffer.from('data: [DONE]\n\n');
const endOfJson = Buffer.from('}');
const nothing: Buffer = Buffer.alloc(0);
const longestHead = 2048;

/** Told the bytes of a body, without framing. */
export type OnBody = (bytes: Buffer) => void;

/** Reads an answer as it comes, and checks it: status 200, framing, length, how it ends, and where asked all of its body. As answer.c does. */
export class AnswerReader {
  readonly #expected: Expected;
  readonly #end: Buffer;
  readonly #onBody: OnBody | null;
  #phase: 'head' | 'length' | 'size' | 'chunk' | 'after' | 'trailer' | 'complete' = 'head';
  /** Of a head or a line that is not whole yet. */
  #rest = nothing;
  #left = 0;
  #size = 0;
  #tail = nothing;
  /** null: nobody looks at all of it. */
  #sum: number | null;
  /** Whether the other side closes the connection behind it. */
  closes = false;

  /** @param looks at every byte of the body, which costs time that is the generator's */
  constructor(expected: Expected, looks: boolean, onBody: OnBody | null = null) {
    this.#expected = expected;
    this.#sum = looks && expected.sum !== undefined ? 0 : null;
    this.#end = expected.stream ? endOfStream : endOfJson;
    this.#onBody = onBody;
  }

  /**
   * @returns whether the answer is complete
   * @throws Error with what is wrong about it
   */
  take(piece: Buffer): boolean {
    let bytes = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    this.#rest = nothing;
    while (bytes.length > 0) {
      if (this.#phase === 'complete') throw new Error('bytes behind an answer');
      const taken = this.#step(bytes);
      if (taken === 0) {
        if (bytes.length > longestHead) throw new Error("a head or a chunk's line without end");
        this.#rest = bytes;
        break;
      }
      bytes = bytes.subarray(taken);
    }
    return this.#phase === 'complete';
  }

  /** @returns bytes taken; 0: more are needed */
  #step(bytes: Buffer): number {
    switch (this.#phase) {
      case 'head':
        return this.#head(bytes);
      case 'length':
      case 'chunk':
        return this.#body(bytes);
      default:
        return this.#line(bytes);
    }
  }

  #head(bytes: Buffer): number {
    const end = bytes.indexOf(endOfHead);
    if (end === -1) return 0;
    const head = bytes.toString('latin1', 0, end);
    if (!head.startsWith('HTTP/1.1 200')) throw new Error(head.split('\r\n', 1)[0] ?? '');
    this.closes = /^connection: *close/im.test(head);
    const length = /^content-length: *(\d+)/im.exec(head)?.[1];
    if (/^transfer-encoding: *chunked/im.test(head)) this.#phase = 'size';
    else if (length === undefined) throw new Error('an answer without length');
    else {
      this.#left = Number(length);
      this.#phase = 'length';
      if (this.#left === 0) this.#finish();
    }
    return end + endOfHead.length;
  }

  #body(bytes: Buffer): number {
    const piece = bytes.subarray(0, this.#left);
    this.#size += piece.length;
    this.#left -= piece.length;
    if (this.#sum !== null) this.#sum = sumOf(piece, this.#sum);
    this.#onBody?.(piece);
    const keep = this.#end.length;
    this.#tail =
      piece.length >= keep
        ? piece.subarray(-keep)
        : Buffer.concat([this.#tail, piece]).subarray(-keep);
    if (this.#left > 0) return piece.length;
    if (this.#phase === 'chunk') this.#phase = 'after';
    else this.#finish();
    return piece.length;
  }

  /** A line of the chunked coding (RFC 9112 §7.1). */
  #line(bytes: Buffer): number {
    if (this.#phase === 'after' && bytes[0] !== 0x0d)
      throw new Error('a chunk longer than it says');
    const end = bytes.indexOf(endOfLine);
    if (end === -1) return 0;
    const line = bytes.toString('latin1', 0, end);
    if (this.#phase === 'size') {
      this.#left = Number.parseInt(line, 16);
      if (Number.isNaN(this.#left)) throw new Error('a chunk without size');
      this.#phase = this.#left === 0 ? 'trailer' : 'chunk';
    } else if (this.#phase === 'after') {
      if (line !== '') throw new Error('a chunk that does not end with a line');
      this.#phase = 'size';
    } else if (line === '') this.#finish();
    return end + endOfLine.length;
  }

  #finish(): void {
    const { least, most, sum } = this.#expected;
    if (this.#size < least || this.#size > most)
      throw new Error(`an answer of ${this.#size} bytes instead of ${least}`);
    if (!this.#tail.equals(this.#end)) throw new Error('an answer that ends otherwise');
    if (this.#sum !== null && this.#sum !== sum) throw new Error('an answer of other words');
    this.#phase = 'complete';
  }
}
