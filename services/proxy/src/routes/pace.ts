import { setTimeout as wait } from 'node:timers/promises';
import type { DurationMs } from '@wakefield/domain';

/** Between two runs at least. */
const leastRestMs = 50;
/** So many times as long as the last run took. */
const restShare = 4;

/** When somebody waits for the work, a rest is cut short, but not for longer than this after the last that was. */
const leastHurryMs = 500;

/** Lets work rest after each run for so long that it never takes more than a fifth of the time, unless in a hurry. */
export interface Pace {
  /** At once after a rest, else when it is over. @throws AbortError when the signal aborts the rest */
  run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T>;
  /** Until it is let go, rests are cut short, one in half a second. @returns lets go, once */
  hurry(): () => void;
}

/** Time as a pace sees it. */
export interface PaceClock {
  readonly now: () => DurationMs;
  readonly wait: (ms: DurationMs, signal: AbortSignal) => Promise<unknown>;
}

const realClock: PaceClock = {
  now: () => performance.now(),
  wait: (ms, signal) => wait(ms, undefined, { signal }),
};

/** @param longestRestMs however slow the work is */
export function createPace(longestRestMs: DurationMs, clock: PaceClock = realClock): Pace {
  let restedAt = Number.NEGATIVE_INFINITY;
  let hurriedAt = Number.NEGATIVE_INFINITY;
  let hurries = 0;
  let cutShort = new AbortController();
  const dueAt = (): DurationMs =>
    hurries > 0 ? Math.min(restedAt, hurriedAt + leastHurryMs) : restedAt;

  const rest = async (signal: AbortSignal): Promise<void> => {
    for (let restMs = dueAt() - clock.now(); restMs > 0; restMs = dueAt() - clock.now()) {
      const hurry = cutShort.signal;
      try {
        await clock.wait(restMs, AbortSignal.any([signal, hurry]));
      } catch (error) {
        if (signal.aborted || !hurry.aborted) throw error;
      }
    }
  };

  return {
    run: async (work, signal) => {
      if (dueAt() > clock.now()) await rest(signal);
      const startedAt = clock.now();
      if (startedAt < restedAt) hurriedAt = startedAt;
      try {
        return await work();
      } finally {
        const endedAt = clock.now();
        const wantedMs = Math.max(leastRestMs, restShare * (endedAt - startedAt));
        restedAt = endedAt + Math.min(wantedMs, longestRestMs);
      }
    },
    hurry: () => {
      hurries += 1;
      cutShort.abort();
      cutShort = new AbortController();
      return () => {
        hurries -= 1;
      };
    },
  };
}
