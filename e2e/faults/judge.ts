import type { RequestRecord } from '../requests/ask.ts';
import { blame, type ServedBy, type Strike } from './blame.ts';
import type { Books, SettledBooks } from './books.ts';
import type { Convergence } from './convergence.ts';
import type { ModelRow } from './site.ts';
import type { Goal, SituationName } from './situations.ts';
import { phasesOf } from './under-way.ts';

/** What is said of some requests. */
export interface RequestVerdict {
  /** What must not have been; empty is good. */
  readonly problems: readonly string[];
  /** Those that failed as the promise allows. */
  readonly cut: number;
  readonly requests: number;
}

/** State has to be right again so long after the end of a fault, without SLURM's queue and the engine's load. */
const convergeWithinMs = 10_000;
/** The same for what hangs on the demand, which is not known for so long after a proxy was killed. */
const demandWithinMs = 25_000;
const byDemand: ReadonlySet<SituationName> = new Set(['scaling', 'handover', 'going idle']);
/** The last stream of a job that is drained (2.5 s), SLURM's KillWait (2 s), and the end of its processes. */
const drainMs = 6_000;

/** @param sinceAt what the times in words count from */
export function judgeRequests(
  records: readonly RequestRecord[],
  strikes: readonly Strike[],
  servedBy: ServedBy,
  sinceAt: number,
): RequestVerdict {
  const failed = records.filter(({ whole }) => !whole);
  const ours = failed.filter((record) => blame(record, strikes, servedBy) === null);
  return {
    problems: summed(ours, sinceAt),
    cut: failed.length - ours.length,
    requests: records.length,
  };
}

/** What convergence counts: without what is SLURM's and the engine's. null: it never came. */
export function ownMs({ totalMs, notOursMs }: Convergence): number | null {
  return totalMs === null ? null : totalMs - notOursMs;
}

/** How long after its end a fault may be seen in a situation, or in the books of all (null). */
export function promisedMs(
  { plug, kind }: Pick<Strike, 'plug' | 'kind'>,
  situation: SituationName | null,
): number {
  const isByDemand = situation === null || byDemand.has(situation);
  return plug === 'proxy' && kind === 'kill' && isByDemand ? demandWithinMs : convergeWithinMs;
}

/**
 * @param isLost whether the goal was no longer reached when all had come to rest
 * @param withinMs what is promised
 */
export function judgeConvergence(
  convergence: Convergence,
  isLost: boolean,
  withinMs = convergeWithinMs,
): readonly string[] {
  const { what, last } = convergence;
  const ms = ownMs(convergence);
  if (ms === null) return [`not ${what} after a minute: ${last}`];
  return [
    ...(ms > withinMs ? [`${what} after ${seconds(ms)}`] : []),
    ...(isLost ? [`${what}, and then no longer`] : []),
  ];
}

/**
 * Words for a model that was not in the middle of what the cell is about: it had not begun, it was over, or it was
 * broken. null: it was in the middle.
 * @param requests those to it that were under way
 */
export function struckNothing(goal: Goal, row: ModelRow | null, requests: number): string | null {
  if (row === null) return 'struck nothing: there is no such model';
  if (goal.needsRequests && requests === 0) return 'struck nothing: nobody was being served';
  if (goal.isUnderWay(row, requests)) return null;
  return goal.isReached(row) && !goal.needsRequests
    ? `struck nothing: ${goal.what} before`
    : `struck nothing: not on its way to ${goal.what} with ${phasesOf(row)}`;
}

/**
 * Words for a strike that was to end the streams in their middle and ended none: it met something else.
 * @param underWay streams in the middle of their answer, right before
 */
export function cutNothing({ kind, cost }: Strike, underWay: number, cut: number): string | null {
  const ends = kind === 'kill' && (cost === 'its streams' || cost === 'all streams');
  return ends && underWay > 0 && cut === 0 ? 'struck nothing: no stream ended' : null;
}

/**
 * @param convergences of all models: what others took of one may hold a drain back
 */
export function judgeBooks(
  { books, at }: SettledBooks,
  overAt: number,
  convergences: readonly Convergence[],
  withinMs = convergeWithinMs,
): readonly string[] {
  const notOurs = Math.max(0, ...convergences.map(({ notOursMs }) => notOursMs));
  const late = at === null ? null : at - overAt - notOurs - drainMs;
  return [
    ...wordsOfBooks(books),
    ...(late === null ? ['not at rest in time'] : []),
    ...(late !== null && late > withinMs
      ? [`at rest after ${seconds(late + drainMs + notOurs)}`]
      : []),
  ];
}

export function wordsOfBooks(books: Books): readonly string[] {
  return Object.entries(books).flatMap(([what, names]) =>
    names.map((name: string) => `${what}: ${name}`),
  );
}

/** One line for each way to fail. */
function summed(requests: readonly RequestRecord[], sinceAt: number): readonly string[] {
  const ways = Map.groupBy(
    requests,
    ({ way, status, answeredAt, error }) =>
      `${way} ${status}${answeredAt === null ? '' : ', answered,'} ${error}`,
  );
  return [...ways].map(([way, [first, ...more]]) => {
    const from = seconds((first?.dueAt ?? 0) - sinceAt);
    const to = seconds((first?.endedAt ?? 0) - sinceAt);
    return `${more.length + 1} × ${way} (first from ${from} to ${to})`;
  });
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
