import { setTimeout as wait } from 'node:timers/promises';
import { LONGEST_LOG_BYTES } from '@wakefield/contracts';
import type { KnownLog } from '@wakefield/control';
import { AppError, type Job, type JobId } from '@wakefield/domain';
import type { ApiDeps } from '../../../deps.ts';

/** How long a cluster may take before the caller is told that it does not answer. */
const READ_WITHIN_MS = 12_000;
const FIRST_LOOK_MS = 50;
/** As followers look. */
const LONGEST_LOOK_MS = 500;
/** A nudge may be lost, and one while the log is read is none. */
const NUDGE_MS = 500;

/** What a log is read with: the board that all processes share, and nudges to whoever reaches the cluster. */
export type LogDeps = Pick<ApiDeps, 'logBoard' | 'nudges'>;

/** The job whose log is that of its service: the newest that has started, else the newest. */
export function jobOfLog(jobs: readonly Job[]): Job | null {
  const newestFirst = jobs.toSorted((a, b) => b.seq - a.seq);
  return newestFirst.find(({ startedAt }) => startedAt !== null) ?? newestFirst[0] ?? null;
}

/** Somebody who wants a log once. */
export interface Waiter {
  /** Called where it has to be read first. @returns leave @throws AppError `overloaded` */
  enter(): () => void;
  /** Whether nobody waits for it any more. */
  isOff(): boolean;
}

/**
 * The end of a job's log as it is now, or as it was lately where its cluster is silent.
 * @throws AppError `cluster_unreachable` where nothing is known of it; `overloaded`
 */
export async function currentLog(deps: LogDeps, jobId: JobId, waiter: Waiter): Promise<KnownLog> {
  const { logBoard } = deps;
  let state = await logBoard.read(jobId, null, 0);
  if (state?.isFresh !== true) {
    const leave = waiter.enter();
    try {
      state = await readAnew(deps, jobId, waiter);
    } finally {
      leave();
    }
  }
  const known = state === null ? null : await logBoard.read(jobId, null, LONGEST_LOG_BYTES);
  if (known !== null && known.readAt !== null) return known;
  const why = known?.failure ?? `its cluster did not tell it within ${READ_WITHIN_MS / 1000} s`;
  throw new AppError('cluster_unreachable', `The log could not be read: ${why}.`, {
    retryAfterSeconds: 5,
  });
}

/** As it is on the board once somebody has read it, or nobody did in time. */
async function readAnew(
  { logBoard, nudges }: LogDeps,
  jobId: JobId,
  { isOff }: Waiter,
): Promise<KnownLog | null> {
  const deadline = performance.now() + READ_WITHIN_MS;
  let nudgeAt = 0;
  for (let pause = FIRST_LOOK_MS; ; pause = Math.min(pause * 1.5, LONGEST_LOOK_MS)) {
    if (performance.now() >= nudgeAt) {
      await nudges.log(jobId);
      nudgeAt = performance.now() + NUDGE_MS;
    }
    await wait(pause);
    const state = await logBoard.read(jobId, null, 0);
    if (state?.isFresh === true || performance.now() >= deadline || isOff()) return state;
  }
}

/** What there is to say of it beside the text; null: nothing. */
export function noteOn(job: Job | null, known: KnownLog | null): string | null {
  if (job === null || known === null) return 'The service has no job yet.';
  if (known.failure !== null && known.readAt !== null) {
    const at = new Date(known.readAt).toISOString();
    return `As of ${at}; it could not be read since: ${known.failure}`;
  }
  if (known.source === 'batch')
    return 'The job wrote no log. This is what the batch system said of it.';
  if (known.source !== null) return null;
  if (known.isOver) return 'The job left no log, or it was removed.';
  return job.startedAt === null
    ? 'The job has not started: there is no log yet.'
    : 'The job has written nothing yet.';
}
