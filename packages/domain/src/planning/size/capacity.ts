import type { EngineMetrics } from '../../vocabulary/observed.ts';

/** Figures closer than this to what is known teach nothing: proxies read their routes again with every change. */
const WORTH_TELLING = 0.25;

/**
 * What two looks at an engine, one after the other, teach about the number of requests it takes at once.
 *
 * While requests wait in it, those that run are all it takes: of two looks in a row, because a burst waits for a
 * moment in every engine. So a limit that nobody configured is learned, and so is one that long prompts (less room for
 * each in the engine's memory) set below the configured one. What once ran without waiting is no limit: the number goes
 * up again.
 * @param known what the job's engine is known to take; null: nothing
 * @returns what it is to be known for from now on; null: nothing new
 */
export function learnCapacity(
  known: number | null,
  before: EngineMetrics | null,
  now: EngineMetrics,
): number | null {
  const running = now.runningRequests ?? 0;
  if (running < 1) return null;
  if (before !== null && hasQueue(before) && hasQueue(now)) {
    const shown = Math.max(running, before.runningRequests ?? 0);
    return known === null || differs(known, shown) ? shown : null;
  }
  return known !== null && running > known && differs(known, running) ? running : null;
}

/** Whether requests wait in the engine itself. */
export function hasQueue({ waitingRequests }: EngineMetrics): boolean {
  return (waitingRequests ?? 0) > 0;
}

function differs(known: number, shown: number): boolean {
  return Math.abs(shown - known) > WORTH_TELLING * known;
}
