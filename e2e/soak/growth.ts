/** What a process held at its least, near the beginning and near the end of its life. */
export interface Held {
  readonly first: number;
  readonly last: number;
}

/**
 * The least of the first and of the last third. A fault lets a process hold more for a while, as every request of
 * twenty seconds has a socket; a leak lets it never again hold as little as before.
 * @param values at equal steps; at least one
 */
export function leastHeld(values: readonly number[]): Held {
  const third = Math.ceil(values.length / 3);
  return {
    first: Math.min(...values.slice(0, third)),
    last: Math.min(...values.slice(-third)),
  };
}
