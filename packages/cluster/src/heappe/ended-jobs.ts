import type { EpochMs, JobName } from '@wakefield/domain';
import type { JobInfo } from './api/wire-types.ts';
import { isOver } from './job-files-seen.ts';
import { jobNamed, type Listing } from './listing.ts';

/** Whoever wanted to know how a job ended has asked by then, and has kept its log's tail. */
const ASKED_FOR_MS = 10 * 60_000;
/** Of those that nobody has asked this process for: what was made twice, or for a row that is not there any more. */
const UNASKED_FOR_MS = 24 * 3_600_000;
/** What is left is deleted at the next looks. */
const AT_ONCE = 10;

/**
 * Jobs that are over and that nobody asks for any more. HEAppE keeps them, with their directories, in every list that it
 * gives, until they are deleted.
 */
export interface EndedJobs {
  /** @param wanted names that this look is about. @returns some that may go */
  due(listing: Listing, prefix: string, wanted: ReadonlySet<JobName>): readonly JobInfo[];
}

export function createEndedJobs(now: () => EpochMs, elapsed: () => number): EndedJobs {
  const askedAt = new Map<number, number>();

  const isDue = (job: JobInfo): boolean => {
    const at = askedAt.get(job.Id);
    if (at !== undefined) return elapsed() - at > ASKED_FOR_MS;
    const endedAt = job.EndTime ?? job.SubmitTime ?? job.CreationTime;
    return endedAt !== null && now() - endedAt > UNASKED_FOR_MS;
  };

  return {
    due(listing, prefix, wanted) {
      const jobs = [...listing.values()].flat();
      const ids = new Set(jobs.map(({ Id }) => Id));
      for (const id of askedAt.keys()) if (!ids.has(id)) askedAt.delete(id);
      for (const name of wanted) {
        const job = jobNamed(listing, name);
        if (job !== null) askedAt.set(job.Id, elapsed());
      }
      const ours = jobs.filter(({ Name }) => Name?.startsWith(prefix) === true);
      return ours.filter((job) => isOver(job.State) && isDue(job)).slice(0, AT_ONCE);
    },
  };
}
