import { percentile } from '../../bench/percentile.ts';

/** What a process usually holds when it holds little, near the beginning and near the end of its life. */
export interface Held {
  readonly first: number;
  readonly last: number;
}

/** Faults take less of a third than this, be it that they let a process hold more or less than it needs. */
const LITTLE = 0.25;

/**
 * The lower quartile of the first and of the last third. A fault lets a process hold more for a while, as every
 * request of twenty seconds has a socket, or less, as when all its connections to Postgres are cut; a leak lets it
 * never again hold as little as before.
 * @param values at equal steps; at least one
 */
export function littleHeld(values: readonly number[]): Held {
  const third = Math.ceil(values.length / 3);
  return {
    first: percentile(values.slice(0, third), LITTLE),
    last: percentile(values.slice(-third), LITTLE),
  };
}
