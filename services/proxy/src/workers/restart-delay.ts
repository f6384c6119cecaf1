import type { DurationMs } from '@wakefield/domain';

const firstMs = 250;
const longestMs = 10_000;

/**
 * How long to wait before a worker is started again.
 * @param deaths in a row, counting the one just seen
 */
export function restartDelayMs(deaths: number): DurationMs {
  return Math.min(longestMs, firstMs * 2 ** Math.max(0, deaths - 1));
}
