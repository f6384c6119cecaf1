/** A process of the fuzzer after a share. */
export interface HeapPoint {
  /** That it has sent by then, each both ways. */
  readonly requests: number;
  /** The least after a collection. */
  readonly heapBytes: number;
}

/** Code is compiled and pools are filled in the first of its points. */
const warmUpPart = 1 / 3;
/** Fewer tell nothing. */
const leastPoints = 6;
const leastRequests = 20_000;
/** For each request. What is kept of each is an object at least, with a place in a list. */
const mostBytes = 48;

/**
 * Judges by the slope and not by the sum: a little of every request is much in a month.
 * @param points of a process, in their order
 * @returns how much it keeps, in words; null: not more than comes of itself, or too few to tell
 */
export function growthOf(points: readonly HeapPoint[]): string | null {
  const warm = points.slice(Math.ceil(points.length * warmUpPart));
  const [first] = warm;
  const last = warm.at(-1);
  if (first === undefined || last === undefined || warm.length < leastPoints) return null;
  if (last.requests - first.requests < leastRequests) return null;
  const slope = slopeOf(warm);
  if (slope <= mostBytes) return null;
  const mib = (bytes: number): string => (bytes / 1024 / 1024).toFixed(1);
  return `a process keeps ${slope.toFixed(0)} bytes of each request: it has grown from ${mib(first.heapBytes)} to ${mib(last.heapBytes)} MiB in ${last.requests - first.requests}`;
}

/**
 * Bytes for each request: the median over pairs (Theil and Sen), which single points do not move. Of near ones only: when
 * much is let go of at once, as code that is not used any more, that is between few of them.
 */
function slopeOf(points: readonly HeapPoint[]): number {
  const reach = Math.ceil(points.length / 4);
  const slopes = points.flatMap((one, index) =>
    points
      .slice(index + 1, index + 1 + reach)
      .map((other) => (other.heapBytes - one.heapBytes) / (other.requests - one.requests)),
  );
  slopes.sort((a, b) => a - b);
  return slopes[Math.floor(slopes.length / 2)] ?? 0;
}
