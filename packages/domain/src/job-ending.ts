import type { Job, JobOutcome, JobPatch } from './job.ts';
import { type Ending, failedWords, timeoutWords, withLog } from './job-words.ts';
import type { ClusterJob, ClusterJobState, JobSighting } from './observed.ts';
import type { EpochMs } from './time.ts';

/** Node and controller may tell the time a little differently, in milliseconds. */
const clockSkewMs = 5_000;

/**
 * How a job ended and why, from its last line in the queue (null: it has left it), the record that its
 * script wrote, and whether we asked for it.
 */
export function endingOf(
  job: Job,
  seen: ClusterJob | null,
  sighting: JobSighting,
  { snapshotTakenAt, now }: { readonly snapshotTakenAt: EpochMs; readonly now: EpochMs },
): JobPatch {
  const ending: Ending = {
    state: seen?.state ?? null,
    reason: seen?.reason ?? null,
    exit: sighting.exit,
    wasReady: job.readyAt !== null,
    logTail: sighting.logTail,
  };
  const outcome = outcomeOf(job, ending, snapshotTakenAt);
  const endedAt = endedAtOf(job, seen?.endsAt ?? sighting.exit?.at ?? null, now);
  return { phase: 'ended', outcome, reason: reasonOf(outcome, ending), address: null, endedAt };
}

/**
 * The cluster's word, so that what ended during an outage is not taken for a failure after a later wakeup;
 * but within what our own clock allows, so that a skewed one does not hide a failure.
 */
function endedAtOf(job: Job, told: EpochMs | null, now: EpochMs): EpochMs {
  return Math.min(now, Math.max(told ?? now, job.submittedAt ?? job.intendedAt));
}

/** A job for which there was no room never came to be. */
type SeenOutcome = Exclude<JobOutcome, 'no_room'>;

function outcomeOf(job: Job, ending: Ending, snapshotTakenAt: EpochMs): SeenOutcome {
  const { state, exit } = ending;
  if (job.endAskedAt !== null || job.cancelledAt !== null || exit?.cause === 'drained') {
    return 'as_asked';
  }
  if (state !== null && state in byState) return byState[state] ?? 'lost';
  if (ending.reason === 'BadConstraints') return 'refused';
  if (exit === null) {
    if (state !== null) return 'failed';
    return job.endsAt !== null && job.endsAt <= snapshotTakenAt ? 'timeout' : 'lost';
  }
  // A script that traps TERM ends with its own code: the limit then looks like a failure.
  const atLimit = job.endsAt !== null && exit.at >= job.endsAt - clockSkewMs;
  return exit.cause === 'terminated' && atLimit ? 'timeout' : 'failed';
}

/** The cluster's verdicts that need no second opinion. */
const byState: Partial<Record<ClusterJobState, SeenOutcome>> = {
  cancelled: 'cancelled',
  timeout: 'timeout',
  preempted: 'preempted',
  node_failed: 'node_failed',
};

function reasonOf(outcome: SeenOutcome, ending: Ending): string {
  switch (outcome) {
    case 'as_asked':
      return 'Ended as asked.';
    case 'timeout':
      return ending.wasReady ? timeoutWords(ending) : withLog(timeoutWords(ending), ending.logTail);
    case 'cancelled':
      return 'Somebody cancelled the job on the cluster.';
    case 'preempted':
      return 'The cluster took its resources for another job.';
    case 'node_failed':
      return 'Its node failed.';
    case 'refused':
      return `The cluster refused the job: no node can fulfil what it asks for (${ending.reason}).`;
    case 'lost':
      return withLog(
        'The cluster no longer knows the job, and it left no exit record.',
        ending.logTail,
      );
    case 'failed':
      return withLog(failedWords(ending), ending.logTail);
  }
}
