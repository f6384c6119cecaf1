import { isLive, type Job } from '../../vocabulary/job.ts';
import type { EngineMetrics, FullSpell } from '../../vocabulary/observed.ts';
import type { EpochMs } from '../../vocabulary/time.ts';

/**
 * Figures closer than this to what is known teach nothing: proxies read their routes again with every change. Less than
 * what scaling leaves free (`scaleUpAt`), so that no queue stands for ever behind what is not worth telling.
 */
const WORTH_TELLING = 0.15;
/** A queue that goes away sooner was a burst, or one long prompt that held up all others. */
const FULL_FOR_MS = 15_000;
const FULL_LOOKS = 3;
/** By how much a known number falls at most at a time: what looks like a limit may be a bad moment all the same. */
const SMALLEST_SHARE = 0.5;

/** What one more look at an engine taught. */
export interface Lesson {
  /** How many requests its job is to be known to take at once from now on; null: nothing new. */
  readonly capacity: number | null;
  /** To be remembered until the next look; null: no queue stands in it, or what it taught is learned. */
  readonly full: FullSpell | null;
}

/**
 * What a look at an engine teaches about the number of requests it takes at once.
 *
 * What once ran is no limit, so the number goes up at once. While requests wait in the engine, those that run are all
 * it takes: so a limit that nobody configured is learned, and so is one that long prompts (less room for each in the
 * engine's memory) set below the configured one. That takes several looks in a row and some time, and goes down
 * step by step, because it is paid for with jobs.
 * @param known what the job's engine is known to take; null: nothing
 * @param assumed what is assumed of engines of which nothing is known
 * @param before what was to be remembered from the look before
 */
export function learnCapacity(
  known: number | null,
  assumed: number,
  before: FullSpell | null,
  now: EngineMetrics,
  at: EpochMs,
): Lesson {
  const running = now.runningRequests ?? 0;
  const full = followQueue(before, now, at);
  const figure = known ?? assumed;
  if (running > figure && differs(figure, running)) return { capacity: running, full: null };
  if (full === null || full.looks < FULL_LOOKS || at - full.since < FULL_FOR_MS)
    return { capacity: null, full };
  const shown = Math.max(full.most, Math.ceil(SMALLEST_SHARE * figure));
  const isNews = known === null || differs(known, shown);
  return { capacity: isNews ? shown : null, full: null };
}

/** Whether requests wait in the engine itself. */
export function hasQueue({ waitingRequests }: EngineMetrics): boolean {
  return (waitingRequests ?? 0) > 0;
}

/** An engine in which nothing runs is paused or just begins, not full. */
function followQueue(before: FullSpell | null, now: EngineMetrics, at: EpochMs): FullSpell | null {
  const running = now.runningRequests ?? 0;
  if (running < 1 || !hasQueue(now)) return null;
  if (before === null) return { since: at, looks: 1, most: running };
  return { ...before, looks: before.looks + 1, most: Math.max(before.most, running) };
}

/**
 * What a job of this revision takes at once, as far as the others tell: those that are there, by the lower one of the
 * two in the middle; where there are none, the last one. So a new job is believed to take what others have shown, not
 * what their arguments say, and the figure does not jump when one comes or goes.
 */
export function knownCapacity(jobs: readonly Job[], revision: number): number | null {
  const known = jobs.filter((job) => job.capacity !== null && job.revision === revision);
  const there = known.filter(isLive).sort((a, b) => (a.capacity ?? 0) - (b.capacity ?? 0));
  const [last] = known.sort((a, b) => b.seq - a.seq);
  return (there[Math.ceil(there.length / 2) - 1] ?? last)?.capacity ?? null;
}

function differs(known: number, shown: number): boolean {
  return Math.abs(shown - known) > WORTH_TELLING * known;
}
