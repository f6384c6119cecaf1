import type { DurationMs } from '../../vocabulary/time.ts';

/**
 * A limit that slides with the time: what was used counts as its level, which falls at an even pace, so that in any
 * `w` milliseconds no more than `burst + w * perMs` is used (a leaky bucket as a meter: ITU-T I.371, annex A).
 */
export interface Rate {
  /** By so much the level falls in a millisecond. */
  readonly perMs: number;
  /** No higher than that. */
  readonly burst: number;
}

/** Sums of many fractions are not exact. */
const rounding = 1e-6;

/** @param burstMs what this long allows may be used at once; one at least */
export function rateOf(perMinute: number, burstMs: DurationMs): Rate {
  const perMs = perMinute / 60_000;
  return { perMs, burst: Math.max(1, perMs * burstMs) };
}

/** What counts of a level after so long. */
export function levelAfter(level: number, passedMs: DurationMs, { perMs }: Rate): number {
  return Math.max(0, level - passedMs * perMs);
}

/** Whether so much more may be used now. */
export function fits(level: number, cost: number, { burst }: Rate): boolean {
  return level + cost <= burst * (1 + rounding);
}

/** How long until so much more fits, if nobody else uses any; infinite where it never does. */
export function fitsAfterMs(level: number, cost: number, rate: Rate): DurationMs {
  if (fits(level, cost, rate)) return 0;
  if (!fits(0, cost, rate)) return Number.POSITIVE_INFINITY;
  return (level + cost - rate.burst) / rate.perMs;
}

/** How much may be used at once now. */
export function remainingOf(level: number, { burst }: Rate): number {
  return Math.max(0, Math.floor(burst * (1 + rounding) - level));
}

/** How long until all of it may be used again. */
export function resetsAfterMs(level: number, { perMs }: Rate): DurationMs {
  return level / perMs;
}

/**
 * The level once it is known what became of a reservation. What was used beyond it counts in full; of what was not
 * used as much is given back as still counts: nothing once the level has been at zero since.
 */
export function settledLevel(
  level: number,
  reserved: number,
  used: number,
  emptiedSince: boolean,
): number {
  if (used >= reserved) return level + used - reserved;
  return emptiedSince ? level : Math.max(0, level - (reserved - used));
}
