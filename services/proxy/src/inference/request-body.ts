import { reuse } from '../body-memory.ts';
import type { BodyShare } from './body-room.ts';

const noBytes = Buffer.alloc(0);

/** The body of one request, from when all of it is there until nobody needs it: what was sent of it, and how often. */
export class RequestBody {
  /** Who gets its bytes back. */
  readonly #share: BodyShare;
  #bytes: Buffer = noBytes;
  /** What is on its way to an engine: the same, or a copy that asks for usage. */
  #sent: Buffer | null = null;
  #timesSent = 0;

  constructor(share: BodyShare) {
    this.#share = share;
  }

  get bytes(): Buffer {
    return this.#bytes;
  }

  /** Whether it was sent to an engine before, which may not have got it. */
  get wasSent(): boolean {
    return this.#timesSent > 0;
  }

  /** @param bytes counted with the share */
  arrived(bytes: Buffer): void {
    this.#bytes = bytes;
  }

  sending(bytes: Buffer): void {
    this.#sent = bytes;
    this.#timesSent += 1;
  }

  /** Nothing came of what was sent. */
  lost(): void {
    this.#sent = null;
  }

  /**
   * It is sent nowhere any more.
   * @param isTaken whether no socket holds what was sent last
   */
  drop(isTaken: boolean): void {
    const [bytes, sent] = [this.#bytes, this.#sent];
    if (bytes === noBytes) return;
    this.#bytes = noBytes;
    this.#sent = null;
    this.#share.give(bytes.length);
    // What was sent before may still be on its way somewhere.
    if (!isTaken || this.#timesSent !== 1) return;
    reuse(bytes);
    if (sent !== null) reuse(sent);
  }
}
