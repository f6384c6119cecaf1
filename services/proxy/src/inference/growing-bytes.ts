const leastBytes = 256;

/** Bytes that come in pieces, as few as they may be: copied as they come, and again only when there are twice as many. */
export class GrowingBytes {
  #room: Buffer = Buffer.alloc(0);
  #size = 0;

  get length(): number {
    return this.#size;
  }

  push(piece: Buffer): void {
    const size = this.#size + piece.length;
    if (size > this.#room.length) {
      const room = Buffer.allocUnsafe(Math.max(leastBytes, 2 * this.#room.length, size));
      this.bytes.copy(room);
      this.#room = room;
    }
    piece.copy(this.#room, this.#size);
    this.#size = size;
  }

  /** A view, good until more is pushed. */
  get bytes(): Buffer {
    return this.#room.subarray(0, this.#size);
  }

  clear(): void {
    this.#room = Buffer.alloc(0);
    this.#size = 0;
  }
}
