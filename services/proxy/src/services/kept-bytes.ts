import type { BodyShare } from '../inference/body-room.ts';

/** What one question takes of the room for bodies: its own body and the answers to it, until it is answered. */
export class KeptBytes implements BodyShare {
  readonly #share: BodyShare;
  #size = 0;

  constructor(share: BodyShare) {
    this.#share = share;
  }

  get size(): number {
    return this.#size;
  }

  take(bytes: number): boolean {
    if (!this.#share.take(bytes)) return false;
    this.#size += bytes;
    return true;
  }

  /** No more than it has: a reader may hear of the end of its client after the question is over. */
  give(bytes: number): void {
    const given = Math.min(bytes, this.#size);
    this.#size -= given;
    this.#share.give(given);
  }

  giveAll(): void {
    this.give(this.#size);
  }
}
