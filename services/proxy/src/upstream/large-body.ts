/** From here on a body is worth letting go of as soon as it is sent; below, one write is cheaper. */
const largeBytes = 64 * 1024;

/**
 * The body as undici is to have it. undici keeps what it was given until the answer is over, which for a stream
 * may be many minutes; of a large body it gets something that can be read once and is empty then.
 */
export function letGoOnceSent(bytes: Buffer): Buffer | Iterable<Buffer> {
  return bytes.length < largeBytes ? bytes : new LargeBody(bytes);
}

class LargeBody implements Iterable<Buffer> {
  #bytes: Buffer | null;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  *[Symbol.iterator](): Generator<Buffer> {
    if (this.#bytes !== null) yield this.#take(this.#bytes);
  }

  #take(bytes: Buffer): Buffer {
    this.#bytes = null;
    return bytes;
  }
}
