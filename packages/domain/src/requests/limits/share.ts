/** A proxy whose share looks smaller is still good for so much of an equal one: else it could never show another. */
const leastOfEqual = 0.25;
/** A share that falls is believed at once, so that two proxies do not count on the same rest; one that rises, slowly. */
const believed = 0.3;

/** The share of each of so many proxies when nothing is known of what goes through which. */
export function equalShare(proxies: number): number {
  return 1 / Math.max(1, proxies);
}

/**
 * What part of the use of something goes through this proxy. Between two words of the others it counts on them to use
 * more in the same proportion.
 * @param before null: not known yet
 * @param own what went through this proxy lately; positive
 * @param all through all of them, in the same time
 */
export function nextShare(
  before: number | null,
  own: number,
  all: number,
  proxies: number,
): number {
  const equal = equalShare(proxies);
  const seen = Math.min(1, Math.max(own / Math.max(own, all), equal * leastOfEqual));
  const known = before ?? equal;
  return seen <= known ? seen : known + (seen - known) * believed;
}
