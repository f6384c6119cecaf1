import type { DurationMs, EpochMs } from '@wakefield/domain';

/** Two clocks: wall clocks are set, and what takes time must not take longer or shorter for it. */
export interface Clock {
  /** For moments that others tell, or are told. */
  readonly now: () => EpochMs;
  /** For lengths of time: counted from some moment, and never goes back. */
  readonly elapsed: () => DurationMs;
}

export const processClock: Clock = { now: Date.now, elapsed: () => performance.now() };
