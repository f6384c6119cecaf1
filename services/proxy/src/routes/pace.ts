import { setTimeout as wait } from 'node:timers/promises';
import type { DurationMs } from '@wakefield/domain';

/** Between two runs at least. */
const leastRestMs = 50;
/** So many times as long as the last run took. */
const restShare = 4;

/** Lets work rest after each run for so long that it never takes more than a fifth of the time. */
export interface Pace {
  /** At once after a rest, else when it is over. @throws AbortError when the signal aborts the rest */
  run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T>;
}

/** @param longestRestMs however slow the work is */
export function createPace(
  longestRestMs: DurationMs,
  clock: {
    readonly now: () => DurationMs;
    readonly wait: (ms: DurationMs, signal: AbortSignal) => Promise<unknown>;
  } = {
    now: () => performance.now(),
    wait: (ms, signal) => wait(ms, undefined, { signal }),
  },
): Pace {
  let restedAt = Number.NEGATIVE_INFINITY;
  return {
    run: async (work, signal) => {
      const restMs = restedAt - clock.now();
      if (restMs > 0) await clock.wait(restMs, signal);
      const startedAt = clock.now();
      try {
        return await work();
      } finally {
        const endedAt = clock.now();
        const wantedMs = Math.max(leastRestMs, restShare * (endedAt - startedAt));
        restedAt = endedAt + Math.min(wantedMs, longestRestMs);
      }
    },
  };
}
