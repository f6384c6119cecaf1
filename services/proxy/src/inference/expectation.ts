import type { EpochMs, Route } from '@wakefield/domain';

/** When a model is expected to serve. */
type Expectation = NonNullable<Route['expectedReady']>;

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
/** Nobody is sent away for longer, whatever is expected: an estimate may be wrong. */
const longestSeconds = 3600;

/** A range in words: `in 40 s to 2 min`, `within 2 min`; null when nothing is known, or it was wrong. */
export function expectedWords(expected: Expectation | null, now: EpochMs): string | null {
  if (expected === null || expected.to <= now) return null;
  const to = lengthOf(expected.to - now);
  if (expected.from <= now) return `within ${to}`;
  const from = lengthOf(expected.from - now);
  return from === to ? `in about ${to}` : `in ${from} to ${to}`;
}

/**
 * Seconds for `Retry-After`: until the model should serve at the latest.
 * @param otherwise when nothing is known, or the moment has passed
 */
export function secondsUntil(
  expected: Expectation | null,
  now: EpochMs,
  otherwise: number,
): number {
  if (expected === null || expected.to <= now) return otherwise;
  return Math.min(longestSeconds, Math.ceil((expected.to - now) / second));
}

/** In the unit in which people would say it, never less than there is. */
function lengthOf(ms: number): string {
  if (ms <= 90 * second) return `${Math.ceil(ms / second)} s`;
  if (ms <= 90 * minute) return `${Math.ceil(ms / minute)} min`;
  return `${Math.ceil(ms / hour)} h`;
}
