import { Duplex } from 'node:stream';
import type { ClientChannel } from 'ssh2';

/**
 * A forwarded channel of an ssh connection that behaves as a net.Socket does, so that HTTP clients can use it: the
 * end of the stream is noticed while nobody reads, an end closes both directions, a lost connection is an error
 * and not an end, and the socket's setters are there.
 */
export class ChannelSocket extends Duplex {
  readonly connecting = false;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly #channel: ClientChannel;
  #asking = false;
  #idleMs = 0;
  #idleTimer: NodeJS.Timeout | null = null;

  constructor(channel: ClientChannel, host: string, port: number) {
    super({ allowHalfOpen: false });
    this.#channel = channel;
    this.remoteAddress = host;
    this.remotePort = port;
    channel.on('data', (chunk: Buffer) => {
      this.#touch();
      this.#asking = false;
      if (!this.push(chunk)) channel.pause();
    });
    channel.on('end', () => {
      this.push(null);
      // net.Socket does the same: with nothing left to read, 'end' comes although nobody reads.
      this.read(0);
    });
    channel.on('error', (error: Error) => this.destroy(error));
    channel.on('close', () => {
      if (!this.readableEnded && !this.readable) this.destroy();
    });
  }

  /** Whether nothing has come since something was sent. */
  get asking(): boolean {
    return this.#asking;
  }

  /**
   * The connection underneath is gone: what has come is all, and it is not an end. An error with the code `WAY_LOST`:
   * whoever is at the other end may be well. Also for who gives it up because it stands still.
   */
  lost(): void {
    const error: NodeJS.ErrnoException = new Error('the ssh connection was lost');
    error.code = 'WAY_LOST';
    this.destroy(error);
  }

  override _read(): void {
    this.#channel.resume();
  }

  override _write(chunk: Buffer, _: BufferEncoding, callback: (error?: Error | null) => void) {
    this.#touch();
    this.#asking = true;
    this.#channel.write(chunk, callback);
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#channel.end();
    callback();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.setTimeout(0);
    // What still arrives must not fill the window of the connection.
    this.#channel.removeAllListeners('data');
    this.#channel.resume();
    this.#channel.destroy();
    callback(error);
  }

  /** Emits 'timeout' after so long without a byte in either direction; 0 never. */
  setTimeout(ms: number, listener?: () => void): this {
    this.#idleMs = ms;
    if (listener !== undefined) this.once('timeout', listener);
    this.#touch();
    return this;
  }

  #touch(): void {
    if (this.#idleTimer !== null) clearTimeout(this.#idleTimer);
    this.#idleTimer =
      this.#idleMs > 0 ? setTimeout(() => this.emit('timeout'), this.#idleMs).unref() : null;
  }

  /** The connection underneath has Nagle off already. */
  setNoDelay(): this {
    return this;
  }

  /** The connection underneath keeps itself alive. */
  setKeepAlive(): this {
    return this;
  }

  /** The connection underneath decides whether the process stays alive. */
  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}
