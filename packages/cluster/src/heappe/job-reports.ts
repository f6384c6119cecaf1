import type { JobName } from '@wakefield/domain';
import { heappeStates, type JobInfo } from './api/wire-types.ts';
import type { HeappeClient } from './client.ts';
import { isWaiting } from './cluster-job.ts';
import { HeappeError } from './failures.ts';
import { isOver, type JobFilesSeen, nothingSeen, readFiles } from './job-files-seen.ts';
import type { JobReport } from './report.ts';

/** Calls for files that are under way at once: each is a command over HEAppE's pooled ssh connections (10 for an account). */
const AT_ONCE = 6;

/**
 * Reads the files of jobs, one call for each job that runs: HEAppE has no call for several. What it read of a job
 * that serves is good for the time that passes between two looks at a quiet cluster; of one that is over, for ever.
 */
export interface JobReports {
  /** Forgets what it read of other jobs. */
  retain(ids: ReadonlySet<number>): void;
  /**
   * Whether HEAppE calls the job over, and its launcher, as it was last read, knows of no end. Of a job that was
   * submitted twice HEAppE may look at the one that has given way.
   */
  mayRunOn(job: JobInfo): boolean;
  /**
   * null: they could not be read, and may be later. The list was given: the files of one job, or those of all, say
   * nothing against what is in it.
   * @param signal what is not read by then is left for the next look
   */
  read(
    jobs: ReadonlyMap<JobName, JobInfo>,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<JobName, JobFilesSeen | null>>;
}

/** So often HEAppE may fail to read the files of a job that is over, or keep silent, before it is judged without them. */
const TRIES = { answered: 3, silent: 10 };

/**
 * A cluster calls a job over when it tells its processes to end. So long its launcher may take to hear of it and to
 * write that down, and the file system to show it.
 */
const LAST_WORD_MS = 15_000;

interface Kept {
  readonly seen: JobFilesSeen | null;
  readonly failures: number;
  readonly state: number;
  readonly at: number;
  /** Since when it is read in this state. */
  readonly since: number;
}

export function createJobReports(
  client: Pick<HeappeClient, 'files'>,
  options: { readonly goodForMs: number; readonly elapsed: () => number },
): JobReports {
  const { elapsed, goodForMs } = options;
  const kept = new Map<number, Kept>();

  const isGood = (job: JobInfo): boolean => {
    const last = kept.get(job.Id);
    if (last === undefined || last.state !== job.State) return false;
    if (last.seen === null) return false;
    if (isOver(job.State)) return true;
    const { files, ended } = last.seen.report;
    const serves = files['endpoint.json'] !== undefined && ended === null;
    return serves && elapsed() - last.at < goodForMs;
  };

  /** Whether HEAppE had something to say. */
  async function readOne(job: JobInfo, signal: AbortSignal): Promise<boolean> {
    try {
      const seen = await readFiles(client, job, signal);
      keep(job, isLastWord(job, seen) ? seen : null, 0);
      return true;
    } catch (error) {
      if (!(error instanceof HeappeError)) throw error;
      const answered = error.status !== null;
      // Nobody's fault that the time was over.
      if (signal.aborted) leave(job);
      else failed(job, answered ? TRIES.answered : TRIES.silent);
      return answered;
    }
  }

  function isLastWord(job: JobInfo, { report }: JobFilesSeen): boolean {
    const isWaitedFor = isOver(job.State) && isUnended(report);
    return !isWaitedFor || elapsed() - sinceOf(job) >= LAST_WORD_MS;
  }

  function failed(job: JobInfo, tries: number): void {
    const last = kept.get(job.Id);
    const failures = (last?.state === job.State ? last.failures : 0) + 1;
    const seen = failures >= tries && isOver(job.State) ? nothingSeen : null;
    keep(job, seen, failures);
  }

  function keep(job: JobInfo, seen: JobFilesSeen | null, failures: number): void {
    kept.set(job.Id, { state: job.State, at: elapsed(), since: sinceOf(job), seen, failures });
  }

  function sinceOf({ Id, State }: JobInfo): number {
    const last = kept.get(Id);
    return last?.state === State ? last.since : elapsed();
  }

  /** None further, once so many in a row had no answer: those that wait do not make HEAppE any faster. */
  async function readAll(jobs: readonly JobInfo[], signal: AbortSignal): Promise<void> {
    const queue = jobs.values();
    let silent = 0;
    const work = async () => {
      for (const job of queue) {
        if (signal.aborted || silent >= AT_ONCE) leave(job);
        else silent = (await readOne(job, signal)) ? 0 : silent + 1;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }

  function leave(job: JobInfo): void {
    keep(job, null, kept.get(job.Id)?.failures ?? 0);
  }

  return {
    retain(ids) {
      for (const id of kept.keys()) if (!ids.has(id)) kept.delete(id);
    },
    mayRunOn({ Id, State }) {
      const report = kept.get(Id)?.seen?.report;
      return (
        isOver(State) &&
        State !== heappeStates.canceled &&
        report !== undefined &&
        isUnended(report)
      );
    },
    async read(jobs, signal) {
      const failuresOf = ({ Id }: JobInfo) => kept.get(Id)?.failures ?? 0;
      // Those that failed come last, so that they do not hold up the others for ever.
      const due = [...jobs.values()]
        .filter((job) => !isWaiting(job.State) && !isGood(job))
        .toSorted((a, b) => failuresOf(a) - failuresOf(b));
      await readAll(due, signal);
      return new Map(
        [...jobs].map(([name, { Id }]) => {
          const last = kept.get(Id);
          return [name, last === undefined ? nothingSeen : last.seen];
        }),
      );
    },
  };
}

/** Whether it began, and nothing is written of an end. */
function isUnended({ startedAt, ended, terminatedAt }: JobReport): boolean {
  return startedAt !== null && ended === null && terminatedAt === null;
}
