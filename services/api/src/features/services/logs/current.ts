import { setTimeout as wait } from 'node:timers/promises';
import { LONGEST_LOG_BYTES } from '@wakefield/contracts';
import type { KnownLog } from '@wakefield/control';
import { AppError, type Job, type JobId } from '@wakefield/domain';
import type { ApiDeps } from '../../../deps.ts';

/** How long a cluster may take before the caller is told that it does not answer. */
const READ_WITHIN_MS = 12_000;
const LOOK_MS = 50;
/** A nudge may be lost, and one while the log is read is none. */
const LOOKS_PER_NUDGE = 10;

export type LogDeps = Pick<ApiDeps, 'logBoard' | 'nudges'>;

/** The job whose log is that of its service: the newest that has started, else the newest. */
export function jobOfLog(jobs: readonly Job[]): Job | null {
  const newestFirst = jobs.toSorted((a, b) => b.seq - a.seq);
  return newestFirst.find(({ startedAt }) => startedAt !== null) ?? newestFirst[0] ?? null;
}

/**
 * The end of a job's log as it is now, or as it was lately where its cluster is silent.
 * @param isOff whether nobody waits for it any more
 * @throws AppError `cluster_unreachable` where nothing is known of it
 */
export async function currentLog(
  { logBoard, nudges }: LogDeps,
  jobId: JobId,
  isOff: () => boolean,
  withinMs = READ_WITHIN_MS,
): Promise<KnownLog> {
  const deadline = performance.now() + withinMs;
  let state = await logBoard.read(jobId, null, 0);
  for (let look = 0; state?.isFresh !== true && performance.now() < deadline && !isOff(); look++) {
    if (look % LOOKS_PER_NUDGE === 0) await nudges.log(jobId);
    await wait(LOOK_MS);
    state = await logBoard.read(jobId, null, 0);
  }
  const known = state === null ? null : await logBoard.read(jobId, null, LONGEST_LOG_BYTES);
  if (known !== null && known.readAt !== null) return known;
  const why = known?.failure ?? `its cluster did not tell it within ${withinMs / 1000} s`;
  throw new AppError('cluster_unreachable', `The log could not be read: ${why}.`, {
    retryAfterSeconds: 5,
  });
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
