/** Tokens of one block of an engine's key-value cache: vLLM's default. */
export const blockTokens = 16;

/**
 * The prefix cache of an engine: blocks by a hash that stands for everything up to their end, the least recently used
 * one goes first (vLLM, docs/design/prefix_caching.md). Of one prompt the last block goes first.
 */
export class KvCache {
  readonly #capacity: number;
  /** In the order of their last use. */
  readonly #blocks = new Set<number>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** How many of the prompt's blocks, from its beginning, are there. */
  cached(blocks: Int32Array): number {
    let count = 0;
    for (const block of blocks) {
      if (!this.#blocks.has(block)) break;
      count += 1;
    }
    return count;
  }

  /** All of them were used just now. */
  use(blocks: Int32Array): void {
    for (let index = blocks.length - 1; index >= 0; index -= 1) {
      const block = blocks[index] ?? 0;
      this.#blocks.delete(block);
      this.#blocks.add(block);
    }
    for (const oldest of this.#blocks) {
      if (this.#blocks.size <= this.#capacity) break;
      this.#blocks.delete(oldest);
    }
  }
}
