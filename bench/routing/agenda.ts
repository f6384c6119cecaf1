interface Entry {
  readonly at: number;
  readonly order: number;
  readonly act: () => void;
}

/** What happens when, in a time of its own; what is due at the same moment happens in the order in which it was put down. */
export class Agenda {
  now = 0;
  #count = 0;
  /** A heap: no entry is due before the one at half its place. */
  readonly #heap: Entry[] = [];

  at(at: number, act: () => void): void {
    this.#heap.push({ at, order: this.#count, act });
    this.#count += 1;
    let place = this.#heap.length - 1;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!this.#isBefore(place, parent)) break;
      this.#swap(place, parent);
      place = parent;
    }
  }

  /** Lets everything happen. @param passes called before each step in time, with its length */
  run(passes: (lengthMs: number) => void): void {
    for (let next = this.#take(); next !== null; next = this.#take()) {
      passes(next.at - this.now);
      this.now = next.at;
      next.act();
    }
  }

  #take(): Entry | null {
    const [first] = this.#heap;
    const last = this.#heap.pop();
    if (first === undefined || last === undefined) return null;
    if (this.#heap.length === 0) return first;
    this.#heap[0] = last;
    let place = 0;
    for (;;) {
      let least = place;
      for (const child of [2 * place + 1, 2 * place + 2])
        if (child < this.#heap.length && this.#isBefore(child, least)) least = child;
      if (least === place) return first;
      this.#swap(place, least);
      place = least;
    }
  }

  #isBefore(one: number, other: number): boolean {
    const [a, b] = [this.#heap[one], this.#heap[other]];
    if (a === undefined || b === undefined) return false;
    return a.at < b.at || (a.at === b.at && a.order < b.order);
  }

  #swap(one: number, other: number): void {
    const [a, b] = [this.#heap[one], this.#heap[other]];
    if (a === undefined || b === undefined) return;
    this.#heap[one] = b;
    this.#heap[other] = a;
  }
}
