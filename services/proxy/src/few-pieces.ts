import { GrowingBytes } from './growing-bytes.ts';

/** From this size on a piece is worth an entry of its own: V8 and the list take some hundred bytes for each, whatever is in it. */
const leastLarge = 4096;
/** So much of what is small is gathered in one. */
const mostGathered = 64 * 1024;

/**
 * Bytes that come in pieces of any size, for whoever needs all of them: in memory they are never more than two times what
 * they are, and those of the one read that a single piece came with. The other side says how small pieces are: a client
 * with chunks of one byte would else take some hundred times what is counted. A large piece is kept as it came, and so is
 * one that remains the only one, or goes on in the same memory; small ones are copied together, and so is what holds a read that is mostly something else.
 */
export class FewPieces {
  #size = 0;
  /** As long as there is no other one. */
  #only: Buffer | null = null;
  #pieces: Buffer[] = [];
  /** What is behind `pieces`, once there was anything small. */
  #small: GrowingBytes | null = null;

  get size(): number {
    return this.#size;
  }

  push(piece: Buffer): void {
    if (piece.length === 0) return;
    if (this.#size === 0) this.#only = piece;
    else if (this.#only !== null && isNext(this.#only, piece)) {
      const { buffer, byteOffset, length } = this.#only;
      this.#only = Buffer.from(buffer, byteOffset, length + piece.length);
    } else {
      if (this.#only !== null) this.#add(this.#only);
      this.#only = null;
      this.#add(piece);
    }
    this.#size += piece.length;
  }

  /** What was pushed, in as few; nothing is left here. */
  take(): readonly Buffer[] {
    if (this.#only === null) this.#closeSmall();
    const pieces = this.#only === null ? this.#pieces : [this.#only];
    this.clear();
    return pieces;
  }

  /** The same in one, not copied where it is one already. */
  takeWhole(): Buffer {
    const size = this.#size;
    const pieces = this.take();
    const [only] = pieces;
    return pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces, size);
  }

  clear(): void {
    this.#size = 0;
    this.#only = null;
    this.#pieces = [];
    this.#small = null;
  }

  #add(piece: Buffer): void {
    if (piece.length >= leastLarge && 2 * piece.length >= piece.buffer.byteLength) {
      this.#closeSmall();
      this.#pieces.push(piece);
      return;
    }
    this.#small ??= new GrowingBytes();
    this.#small.push(piece);
    if (this.#small.length >= mostGathered) this.#closeSmall();
  }

  #closeSmall(): void {
    if (this.#small !== null && this.#small.length > 0) this.#pieces.push(this.#small.take());
  }
}

/** Whether both are one in memory that has not much besides: that of a body of known length is made before it is there. */
function isNext({ buffer, byteOffset, length }: Buffer, next: Buffer): boolean {
  if (next.buffer !== buffer || next.byteOffset !== byteOffset + length) return false;
  return 2 * (length + next.length) >= buffer.byteLength;
}
