const leastBytes = 256;
const noBytes = Buffer.alloc(0);

/** Bytes that come in pieces, as few as they may be: copied as they come, and again only when there are twice as many. */
export class GrowingBytes {
  #room: Buffer = noBytes;
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

  /** All of it, in no more memory than that; nothing is left here. */
  take(): Buffer {
    const bytes = this.#size === this.#room.buffer.byteLength ? this.#room : exactly(this.bytes);
    this.clear();
    return bytes;
  }

  clear(): void {
    this.#room = noBytes;
    this.#size = 0;
  }
}

/** A copy with memory of its own: small ones of Node's keep a pool of 8 KiB. */
function exactly(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
