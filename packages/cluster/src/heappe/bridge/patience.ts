import { setTimeout as pause } from 'node:timers/promises';

/** Milliseconds between calls; some 30 s in all. */
export type Pauses = readonly number[];

export const usualPauses: Pauses = [500, 1000, 2000, 4000, 8000, 8000, 8000];

/** The waiting of one request for a HEAppE that is there but does not pass it on. */
export interface Patience {
  /** @returns false: it has waited long enough, or nobody waits any more */
  wait(signal: AbortSignal): Promise<boolean>;
}

/** Each pause is up to a quarter shorter, so that not all who were turned away come back at once. */
export function createPatience(pauses: Pauses): Patience {
  const left = [...pauses];
  return {
    async wait(signal) {
      const ms = left.shift();
      if (ms === undefined || signal.aborted) return false;
      await pause(ms * (1 - Math.random() / 4), undefined, { signal }).catch(() => undefined);
      return !signal.aborted;
    },
  };
}
