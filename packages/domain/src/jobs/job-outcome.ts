import type { Job, JobOutcome, JobPatch } from '../vocabulary/job.ts';
import type {
  ClusterJob,
  ClusterJobState,
  ExitRecord,
  JobSighting,
} from '../vocabulary/observed.ts';
import type { EpochMs } from '../vocabulary/time.ts';
import {
  asAskedWords,
  type Ending,
  failedWords,
  notSetUpWords,
  timeoutWords,
  withLog,
} from './job-words.ts';

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
    cluster: job.cluster,
  };
  const outcome = outcomeOf(job, ending, limitOf(job, seen), snapshotTakenAt);
  const endedAt = endedAtOf(job, seen?.endsAt ?? sighting.exit?.at ?? null, now);
  const reason = reasonOf(outcome, ending);
  return { phase: 'ended', outcome, reason, address: null, building: false, endedAt };
}

/**
 * The cluster's word, so that what ended during an outage is not taken for a failure after a later wakeup;
 * but within what our own clock allows, so that a skewed one does not hide a failure.
 */
function endedAtOf(job: Job, told: EpochMs | null, now: EpochMs): EpochMs {
  return Math.min(now, Math.max(told ?? now, job.submittedAt ?? job.intendedAt));
}

/** When its walltime is over; null: not known. */
function limitOf(job: Job, seen: ClusterJob | null): EpochMs | null {
  const startedAt = job.startedAt ?? seen?.startedAt ?? null;
  return job.endsAt ?? (startedAt === null ? null : startedAt + job.walltimeSeconds * 1_000);
}

/** A job for which there was no room never came to be. */
type SeenOutcome = Exclude<JobOutcome, 'no_room'>;

function outcomeOf(
  job: Job,
  ending: Ending,
  limit: EpochMs | null,
  snapshotTakenAt: EpochMs,
): SeenOutcome {
  const { state, exit } = ending;
  if (job.endAskedAt !== null || job.cancelledAt !== null) return 'as_asked';
  if (state !== null && state in byState) return byState[state] ?? 'lost';
  if (ending.reason === 'BadConstraints') return 'refused';
  if (exit !== null) return recordedOutcome(job, exit, limit);
  if (state === 'completing') return 'node_failed';
  if (state !== null) return 'failed';
  return limit !== null && limit <= snapshotTakenAt ? 'timeout' : 'lost';
}

/** By the record of its script alone, which does not know who sent a signal. */
function recordedOutcome(job: Job, exit: ExitRecord, limit: EpochMs | null): SeenOutcome {
  const left = limit === null ? Number.POSITIVE_INFINITY : limit - exit.at;
  switch (exit.cause) {
    case 'drained':
      return left <= longestWarning(job) ? 'timeout' : 'cancelled';
    case 'terminated':
      // A script that traps TERM ends with its own code: the limit then looks like a failure.
      return left <= clockSkewMs ? 'timeout' : 'failed';
    case 'engine':
      return 'failed';
    case 'setup':
    case 'absent':
      return 'not_set_up';
  }
}

/**
 * How long before its limit SLURM may have asked a job to end: `--signal` takes at most a tenth of the walltime,
 * and SLURM sends it up to a minute early (sbatch(1)).
 */
function longestWarning({ walltimeSeconds }: Job): number {
  return walltimeSeconds * 100 + 60_000 + clockSkewMs;
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
      return asAskedWords;
    case 'timeout':
      return ending.wasReady ? timeoutWords(ending) : withLog(timeoutWords(ending), ending.logTail);
    case 'cancelled':
      return 'Somebody cancelled the job on the cluster.';
    case 'preempted':
      return 'The cluster took its resources for another job.';
    case 'node_failed':
      return ending.state === 'completing'
        ? 'Its node does not answer: the cluster cannot clear the job away.'
        : 'Its node failed.';
    case 'not_set_up':
      return withLog(notSetUpWords(ending), ending.logTail);
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
