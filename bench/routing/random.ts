/** Numbers in [0, 1), the same ones for the same seed (mulberry32, Tommy Ettinger's). */
export type Random = () => number;

export function seeded(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A whole number from least to most, both included. */
export function between(random: Random, least: number, most: number): number {
  return least + Math.floor(random() * (most - least + 1));
}

/** Waiting times of what comes at random, with this mean. */
export function exponential(random: Random, mean: number): number {
  return -Math.log(1 - random()) * mean;
}

/** Draws an index below `count`; the k-th has a share that falls as 1/k (Zipf's law). */
export function zipf(count: number): (random: Random) => number {
  const upTo: number[] = [];
  let all = 0;
  for (let rank = 1; rank <= count; rank += 1) {
    all += 1 / rank;
    upTo.push(all);
  }
  return (random) => {
    const drawn = random() * all;
    const index = upTo.findIndex((sum) => drawn < sum);
    return index === -1 ? count - 1 : index;
  };
}
