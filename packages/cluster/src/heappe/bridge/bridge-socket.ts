import { Duplex } from 'node:stream';

/** Bytes that wait for the other side to read. */
const highWaterMark = 64 * 1024;

/** Both ends of a connection inside of this process. */
export function bridgeSockets(): readonly [BridgeSocket, BridgeSocket] {
  const one = new BridgeSocket();
  const other = new BridgeSocket();
  one.joinTo(other);
  other.joinTo(one);
  return [one, other];
}

/**
 * One end. It behaves as a net.Socket does towards HTTP clients and servers: the end of the stream is noticed while
 * nobody reads, closing one end closes the other, and the socket's setters are there.
 */
export class BridgeSocket extends Duplex {
  readonly connecting = false;
  #other: BridgeSocket | null = null;
  /** What the other end waits for before it writes more. */
  #taken: (() => void) | null = null;

  constructor() {
    super({ allowHalfOpen: false, highWaterMark });
  }

  joinTo(other: BridgeSocket): void {
    this.#other = other;
  }

  override _read(): void {
    const taken = this.#taken;
    this.#taken = null;
    taken?.();
  }

  override _write(
    chunk: Buffer,
    _: BufferEncoding,
    callback: (error?: Error | null) => void,
  ): void {
    this.#other?.receive(chunk, callback);
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#other?.receiveEnd();
    callback();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    const other = this.#other;
    const ended = this.writableFinished;
    this._read();
    if (other !== null && !other.destroyed && !ended) {
      // Not at once: whoever destroys one end is not to be called back by the other before that is done.
      process.nextTick(() => other.destroy(error ?? reset()));
    }
    callback(error);
  }

  private receive(chunk: Buffer, taken: () => void): void {
    if (this.destroyed || this.push(chunk)) taken();
    else this.#taken = taken;
  }

  private receiveEnd(): void {
    if (this.destroyed) return;
    this.push(null);
    // net.Socket does the same: with nothing left to read, 'end' comes although nobody reads.
    this.read(0);
  }

  /** Nothing is idle in here that an HTTP client does not know of. */
  setTimeout(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}

function reset(): Error {
  const error: NodeJS.ErrnoException = new Error('the connection was closed');
  error.code = 'ECONNRESET';
  return error;
}
