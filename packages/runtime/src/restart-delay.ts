/** A process that stayed up this long was healthy: its death is a first one. */
const healthyAfterMs = 20_000;
const firstMs = 250;
const longestMs = 10_000;

/**
 * @param before deaths in a row before this one
 * @param livedMs how long the process lived that has ended now
 * @returns deaths in a row, this one among them
 */
export function deathsInARow(before: number, livedMs: number): number {
  return livedMs > healthyAfterMs ? 1 : before + 1;
}

/**
 * How long to wait before a process is started again, in milliseconds.
 * @param deaths in a row, counting the one just seen
 */
export function restartDelayMs(deaths: number): number {
  return Math.min(longestMs, firstMs * 2 ** Math.max(0, deaths - 1));
}
