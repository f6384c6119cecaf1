import type { DurationMs, EpochMs } from '../vocabulary/time.ts';

/** What is known of how long jobs of one shape wait on one cluster. */
export interface StartHistory {
  /** Waits of those that have started, of whatever model. */
  readonly waits: readonly DurationMs[];
  /** Since when those wait that have not. */
  readonly waitingSince: readonly EpochMs[];
  /** How long those waited that were over before they started: they lost a race, or nobody wanted them any more. */
  readonly abandoned: readonly DurationMs[];
  /** What the cluster said of such a job without taking it; null: it was not asked, or said nothing. */
  readonly trial: Trial | null;
}

/** The answer to "when would such a job start?". */
export interface Trial {
  readonly askedAt: EpochMs;
  readonly startsAt: EpochMs;
}

/** With fewer known waits than this a cluster is asked, too, and not too much is built upon them. */
const FEW_WAITS = 5;

/** Whether enough waits came to an end to know what the next one is like. */
export function isWellKnown({ waits }: Pick<StartHistory, 'waits'>): boolean {
  return waits.length >= FEW_WAITS;
}

/** A duration as it was before: half of all took no longer than `typical`, nine of ten no longer than `high`. */
export interface Spread {
  readonly typical: DurationMs;
  readonly high: DurationMs;
}

/** With fewer samples than this nine of ten is a guess, and the largest one says too little. */
const ENOUGH = 10;
/** From so many samples on a single one that is out of all proportion is an accident: a maintenance, a held job. */
const SOME = 5;
/** Out of proportion: more than twice the next, and than this. */
const NOTHING_MS = 600_000;

/**
 * What samples tell of the next one. With few of them `high` is wider than all that was seen: twice the largest
 * after a single one, and less so with each more. A single one out of all proportion counts as twice the next.
 * @param unfinished of those that still last, or were broken off: they are longer than that, which tells something
 *   once they are longer than is typical. While they are few beside those that came to an end, they count as twice the
 *   longest of these at most: one may be held, many tell of a queue that stands still.
 * @returns null when there are none
 */
export function spreadOf(
  samples: readonly DurationMs[],
  unfinished: readonly DurationMs[] = [],
): Spread | null {
  const finished = sorted(samples);
  const typical = quantile(finished, 0.5) ?? 0;
  const few = 2 * unfinished.length <= finished.length;
  const limit = few ? 2 * (finished.at(-1) ?? 0) : Number.POSITIVE_INFINITY;
  const longer = unfinished.filter((age) => age > typical).map((age) => Math.min(age, limit));
  const all = sorted([...finished, ...longer]);
  const median = quantile(all, 0.5);
  const high = all.length < ENOUGH ? guessedHigh(all) : quantile(all, 0.9);
  return median === null || high === null ? null : { typical: median, high };
}

function guessedHigh(ascending: readonly number[]): number | null {
  const largest = ascending.at(-1);
  if (largest === undefined) return null;
  const next = ascending.at(-2) ?? largest;
  const counted =
    ascending.length < SOME ? largest : Math.min(largest, Math.max(2 * next, NOTHING_MS));
  return counted * (1 + 1 / ascending.length);
}

/** How much longer something lasts that has lasted for a while. */
export interface Remainder {
  readonly from: DurationMs;
  readonly to: DurationMs;
}

/**
 * Of what lasted longer than this so far, how much more it took; where nothing ever did, perhaps as long again:
 * the longer one has waited for something out of the ordinary, the less is known of its end.
 * @returns null when there are no samples
 */
export function remainderOf(samples: readonly DurationMs[], elapsed: DurationMs): Remainder | null {
  const whole = spreadOf(samples);
  if (whole === null) return null;
  const longer = spreadOf(samples.filter((sample) => sample > elapsed));
  if (longer === null) return { from: 0, to: Math.max(whole.high, 2 * elapsed) - elapsed };
  return { from: longer.typical - elapsed, to: Math.max(longer.high, whole.high) - elapsed };
}

/** Nearest rank: one of the samples. */
function quantile(ascending: readonly number[], share: number): number | null {
  return ascending[Math.max(0, Math.ceil(share * ascending.length) - 1)] ?? null;
}

/** What is no duration (two clocks disagree) counts as none at all. */
function sorted(samples: readonly DurationMs[]): readonly DurationMs[] {
  return samples
    .filter((sample) => !Number.isNaN(sample))
    .map((sample) => Math.max(0, sample))
    .sort((a, b) => a - b);
}
