import { isReachable, type Scene } from '../planning/scene.ts';
import type { JobId } from '../vocabulary/ids.ts';
import type { Job, StartEstimate } from '../vocabulary/job.ts';
import type { Action } from '../vocabulary/plan.ts';
import type { DurationMs, EpochMs } from '../vocabulary/time.ts';
import { estimateStart, loadTimes } from './start-estimate.ts';
import { remainderOf } from './start-history.ts';

/** When something is expected: hardly before `from`, and in nine of ten cases by `to`. */
export interface Expectation {
  readonly from: EpochMs;
  readonly to: EpochMs;
}

/** What is to be told of a waiting job's start from now on. */
export interface StartExpectation {
  readonly jobId: JobId;
  readonly expectedStart: StartEstimate;
}

/** Waiting jobs of whose start something else is known than was told last. */
export function expectStarts(scene: Scene): readonly StartExpectation[] {
  return scene.current.filter(waits).flatMap((job) => {
    const expectedStart = startOf(job, scene);
    if (expectedStart === null) return [];
    const told = job.expectedStart;
    const same = told !== null && told.source === expectedStart.source;
    return same && !hasMoved(told, expectedStart, scene.now)
      ? []
      : [{ jobId: job.id, expectedStart }];
  });
}

/**
 * When the model is expected to serve: by the first of its jobs that will, or by the one that is started now.
 * @returns null when it serves, when it is not wanted up, and when nobody knows
 */
export function expectReady(scene: Scene, actions: readonly Action[]): Expectation | null {
  const { present, now } = scene;
  if (present.some(({ phase }) => phase === 'ready')) return null;
  const loads = loadTimes(scene.jobs, scene.model.revision);
  const begun = present.map((job) =>
    waits(job) ? loaded(startOf(job, scene), loads) : loading(job, loads, now),
  );
  const toBegin = actions.flatMap((action) =>
    action.kind === 'intend'
      ? [loaded(estimateStart(null, scene.history[action.cluster] ?? null, now), loads)]
      : [],
  );
  const known = [...begun, ...toBegin].filter((one) => one !== null);
  const [first] = known.sort((a, b) => a.to - b.to || a.from - b.from);
  return first ?? null;
}

/** Differences that nobody plans by. Relative to what is left: of ten hours, a minute does not matter. */
const SAME_SHARE = 0.1;
const SAME_MS = 2_000;

/** Whether nobody would do anything differently at the one than at the other. */
export function isSameMoment(before: EpochMs, after: EpochMs, now: EpochMs): boolean {
  return Math.abs(after - before) <= Math.max(SAME_MS, SAME_SHARE * (after - now));
}

/**
 * Whether an expectation is another one than what was told before. A beginning in the past means "any moment now",
 * however far in the past it is.
 */
function hasMoved(before: Expectation, after: Expectation, now: EpochMs): boolean {
  const beginning = isSameMoment(Math.max(before.from, now), Math.max(after.from, now), now);
  return !beginning || !isSameMoment(before.to, after.to, now);
}

/** What to tell of a model that was told `before`, so that small movements do not wake every reader. */
export function settle(
  before: Expectation | null,
  after: Expectation | null,
  now: EpochMs,
): Expectation | null {
  return before === null || after === null || hasMoved(before, after, now) ? after : before;
}

function waits({ phase }: Job): boolean {
  return phase === 'intended' || phase === 'queued';
}

/** A cluster that does not answer may still start what it has; what it does not have it will not. */
function startOf(job: Job, scene: Scene): StartEstimate | null {
  if (job.clusterJobId === null && !isReachable(scene, job.cluster)) return null;
  return estimateStart(job, scene.history[job.cluster] ?? null, scene.now);
}

function loaded(start: StartEstimate | null, loads: readonly DurationMs[]): Expectation | null {
  const load = remainderOf(loads, 0);
  if (start === null || load === null) return null;
  return { from: Math.round(start.from + load.from), to: Math.round(start.to + load.to) };
}

function loading(job: Job, loads: readonly DurationMs[], now: EpochMs): Expectation | null {
  const left = remainderOf(loads, Math.max(0, now - (job.startedAt ?? now)));
  if (left === null) return null;
  return { from: Math.round(now + left.from), to: Math.round(now + left.to) };
}
