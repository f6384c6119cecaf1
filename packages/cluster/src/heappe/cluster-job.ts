import type { ClusterJob, ClusterJobState, EpochMs } from '@wakefield/domain';
import { heappeStates, type JobInfo, type TaskInfo } from './api/wire-types.ts';
import type { JobReport } from './report.ts';

/** HEAppE does not tell a job's walltime; so its only task is named by it. */
export function taskName(walltimeSeconds: number): string {
  return `walltime-${walltimeSeconds}`;
}

function walltimeMs(task: TaskInfo | undefined): number | null {
  const seconds = /^walltime-(\d{1,9})$/.exec(task?.Name ?? '')?.[1];
  return seconds === undefined ? null : Number(seconds) * 1000;
}

/** HEAppE looks at its clusters every 30 s, and SLURM is up to a minute late with limits: ends this near to one are its doing. */
const NEAR_LIMIT_MS = 5_000;

/** A job in the words of every cluster. */
export function clusterJobOf(job: JobInfo, name: string, report: JobReport): ClusterJob {
  const [task] = job.Tasks;
  const limit = walltimeMs(task);
  const state = stateOf(job, limit, report);
  const isOver = job.State >= heappeStates.finished && !isWaiting(job.State);
  const startedAt = isWaiting(job.State)
    ? null
    : // The node's own, exact: nobody knows for sure in which zone HEAppE read what SLURM told it.
      (report.startedAt ?? job.StartTime ?? task?.StartTime ?? null);
  const limitAt = startedAt === null || limit === null ? null : startedAt + limit;
  return {
    clusterJobId: String(job.Id),
    name,
    state,
    reason: reasonOf(job, state, report),
    node: task?.AllocatedCoreIds[0] ?? null,
    submittedAt: job.SubmitTime ?? job.CreationTime,
    startedAt,
    endsAt: isOver ? (job.EndTime ?? report.ended?.at ?? limitAt) : limitAt,
    forecastAt: null,
    nodeLeaving: null,
  };
}

export function isWaiting(state: number): boolean {
  const { configuring, submitted, queued, waitingForServiceAccount } = heappeStates;
  return [configuring, submitted, queued, waitingForServiceAccount].some((one) => one === state);
}

function stateOf(job: JobInfo, limit: number | null, report: JobReport): ClusterJobState {
  if (isWaiting(job.State)) return 'pending';
  switch (job.State) {
    case heappeStates.running:
      // It says so for up to half a minute after the end (GetAllJobsInformationCheck).
      return report.ended === null ? 'running' : 'completing';
    case heappeStates.finished:
      return 'completed';
    case heappeStates.failed:
      return howItFailed(job, limit, report);
    case heappeStates.canceled:
      // Cancelled before it was submitted; of SLURM jobs also suspended ones, which HEAppE follows no further (Mapper.cs).
      return 'cancelled';
    default:
      return 'unknown';
  }
}

/**
 * HEAppE calls everything Failed that is not COMPLETED: a job that was cancelled (it spells SLURM's word with one L),
 * one that came to its limit, and one that SLURM has purged before HEAppE looked. The launcher knows better.
 */
function howItFailed(job: JobInfo, limit: number | null, report: JobReport): ClusterJobState {
  const { ended, terminatedAt } = report;
  if (terminatedAt === null && ended !== null) return ended.status === 0 ? 'completed' : 'failed';
  const startedAt = report.startedAt ?? job.StartTime;
  // Cancelled while it waited: SLURM starts nothing.
  if (startedAt === null) return 'cancelled';
  const endedAt = terminatedAt ?? job.EndTime;
  const atItsLimit =
    limit !== null && endedAt !== null && endedAt >= startedAt + limit - NEAR_LIMIT_MS;
  if (atItsLimit) return 'timeout';
  if (terminatedAt !== null) return 'cancelled';
  return neverRan(job, report) ? 'cancelled' : 'failed';
}

/** SLURM gives a job that was cancelled while it waited one moment as its start and its end. */
function neverRan({ StartTime, EndTime, Tasks }: JobInfo, { startedAt }: JobReport): boolean {
  const nowhere = (Tasks[0]?.AllocatedCoreIds.length ?? 0) === 0;
  return startedAt === null && nowhere && (EndTime === null || StartTime === EndTime);
}

function reasonOf(job: JobInfo, state: ClusterJobState, { ended }: JobReport): string | null {
  const told = job.Tasks[0]?.Reason ?? job.Tasks[0]?.ErrorMessage ?? null;
  if (job.State === heappeStates.waitingForServiceAccount) return 'WaitingForServiceAccount';
  if (state === 'failed' && ended !== null && ended.status !== 0) return 'NonZeroExitCode';
  if (state === 'failed') return useful(told) ?? 'Failed';
  return useful(told);
}

function useful(reason: string | null): string | null {
  return reason === null || reason === '' || reason === 'None' ? null : reason;
}

/** Moment at which a job of HEAppE was made, for comparing several of one name. */
export function createdAt(job: JobInfo): EpochMs {
  return job.CreationTime ?? 0;
}
