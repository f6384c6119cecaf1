/** Blocks that share a place of the table, as in the cache of a processor. */
const ways = 8;

/**
 * A bounded table of blocks by their keys, with one word for each: who is written down where all of a place is taken takes
 * that of the one that was not used for the longest time. Twelve bytes a block, and nothing is allocated but to grow.
 */
export class BlockTable {
  #keys = new Int32Array(0);
  /** 0: nothing is written here. */
  #words = new Int32Array(0);
  #usedAt = new Int32Array(0);
  /** Counts uses; it may come round again, as only differences are looked at. */
  #now = 0;

  get length(): number {
    return this.#keys.length;
  }

  /** @returns 0: it is not known */
  get(key: number): number {
    const at = this.#find(key);
    return at === -1 ? 0 : (this.#words[at] ?? 0);
  }

  /** What is written from here on is newer than all before. */
  tick(): void {
    this.#now = (this.#now + 1) | 0;
  }

  /** @param word not 0 */
  put(key: number, word: number): void {
    const found = this.#find(key);
    this.#write(found === -1 ? this.#stalest(key) : found, key, word, this.#now);
  }

  /** Changes the words of all blocks; 0 forgets one. */
  rewrite(change: (word: number) => number): void {
    for (let at = 0; at < this.#words.length; at += 1) {
      const word = this.#words[at] ?? 0;
      if (word !== 0) this.#words[at] = change(word);
    }
  }

  /** Makes room for so many, and keeps what is there. */
  grow(blocks: number): void {
    const [keys, words, usedAt] = [this.#keys, this.#words, this.#usedAt];
    const length = Math.max(ways, 2 ** Math.ceil(Math.log2(blocks)));
    this.#keys = new Int32Array(length);
    this.#words = new Int32Array(length);
    this.#usedAt = new Int32Array(length);
    for (const [from, key] of keys.entries()) {
      const word = words[from] ?? 0;
      if (word !== 0) this.#write(this.#stalest(key), key, word, usedAt[from] ?? 0);
    }
  }

  #write(at: number, key: number, word: number, usedAt: number): void {
    this.#keys[at] = key;
    this.#words[at] = word;
    this.#usedAt[at] = usedAt;
  }

  #find(key: number): number {
    const first = this.#placeOf(key);
    for (let at = first; at < first + ways; at += 1) {
      if (this.#keys[at] === key && this.#words[at] !== 0) return at;
    }
    return -1;
  }

  #stalest(key: number): number {
    const first = this.#placeOf(key);
    let stalest = first;
    let longest = -1;
    for (let at = first; at < first + ways; at += 1) {
      if (this.#words[at] === 0) return at;
      const unused = (this.#now - (this.#usedAt[at] ?? 0)) >>> 0;
      if (unused <= longest) continue;
      longest = unused;
      stalest = at;
    }
    return stalest;
  }

  /** The first of the ways; the length is a power of two. */
  #placeOf(key: number): number {
    return Math.imul(key, ways) & (this.#keys.length - ways);
  }
}
