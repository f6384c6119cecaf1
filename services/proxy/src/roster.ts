/** What can be in a roster, in one at a time. */
export interface Enlisted {
  /** For the roster alone; -1: it is in none. */
  rosterIndex: number;
}

/**
 * Who is there at the moment, where thousands come and go in a second. A Set would keep them in memory long after they
 * left: V8 gives a Set a new table whenever the old one is full of gaps, right in old space once it has lived through a
 * collection, and whoever was in an old table stays until all of old space is collected. Here nothing is left behind.
 */
export class Roster<T extends Enlisted> {
  readonly #members: T[] = [];

  get size(): number {
    return this.#members.length;
  }

  add(member: T): void {
    if (member.rosterIndex !== -1) return;
    member.rosterIndex = this.#members.length;
    this.#members.push(member);
  }

  /** The last one takes its place. */
  delete(member: T): void {
    const { rosterIndex } = member;
    if (this.#members[rosterIndex] !== member) return;
    const last = this.#members.pop();
    if (last !== undefined && last !== member) {
      this.#members[rosterIndex] = last;
      last.rosterIndex = rosterIndex;
    }
    member.rosterIndex = -1;
  }

  /** Each of those that are there now and still are when it is their turn, in no order. Any may leave meanwhile. */
  each(visit: (member: T) => void): void {
    for (const member of [...this.#members]) if (member.rosterIndex !== -1) visit(member);
  }
}
