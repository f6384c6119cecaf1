/** A process that stayed up this long was healthy: its next death starts the count anew. */
export const healthyAfterMs = 20_000;

/**
 * How long to wait before a process is started again.
 * @param deaths in a row, counting the one just seen; each soon after its start
 */
export function restartDelayMs(deaths: number): number {
  return Math.min(10_000, 250 * 2 ** Math.max(0, deaths - 1));
}
