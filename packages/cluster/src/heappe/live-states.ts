import type { JobName } from '@wakefield/domain';
import { heappeStates, type JobInfo } from './api/wire-types.ts';
import type { HeappeClient } from './client.ts';
import { HeappeError } from './failures.ts';

/** HEAppE looks at its clusters every 30 s; what has not moved for longer may be so, or nobody looks. */
const UNMOVED_MS = 60_000;
const PROBE_EVERY_MS = 30_000;
/** Each is a command over ssh. */
const AT_ONCE = 6;

/**
 * States of jobs where the list does not tell them. An instance that signs in to its clusters by SSH-CA looks at nothing by
 * itself (UpdateUnfinishedJobsBackgroundService.cs): there only CurrentInfoForJob asks the cluster, and keeps what it
 * hears. Nothing says whether an instance is one of those; so of jobs that do not move one is asked for now and then,
 * and when that shows another state than the list, all are from then on.
 */
export interface LiveStates {
  /** The same jobs, some of them as they are now. Never rejects for what HEAppE answers. */
  freshen(
    jobs: ReadonlyMap<JobName, JobInfo>,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<JobName, JobInfo>>;
}

interface Seen {
  readonly state: number;
  readonly since: number;
  readonly askedAt: number;
}

/** @param quietMs how old the state of a job that runs may be */
export function createLiveStates(
  client: Pick<HeappeClient, 'jobs'>,
  quietMs: number,
  elapsed: () => number,
): LiveStates {
  const seen = new Map<number, Seen>();
  let listIsStale = false;
  let probedAt = Number.NEGATIVE_INFINITY;

  function remember(jobs: readonly JobInfo[]): void {
    const ids = new Set(jobs.map(({ Id }) => Id));
    for (const id of seen.keys()) if (!ids.has(id)) seen.delete(id);
    for (const { Id, State } of jobs)
      if (seen.get(Id)?.state !== State)
        seen.set(Id, { state: State, since: elapsed(), askedAt: Number.NEGATIVE_INFINITY });
  }

  const of = ({ Id }: JobInfo): Seen =>
    seen.get(Id) ?? { state: 0, since: elapsed(), askedAt: Number.NEGATIVE_INFINITY };

  /** Of those that wait, who are likelier to move; the one that was not asked for the longest. */
  function toProbe(jobs: readonly JobInfo[]): readonly JobInfo[] {
    if (elapsed() - probedAt < PROBE_EVERY_MS) return [];
    const unmoved = jobs.filter((job) => elapsed() - of(job).since >= UNMOVED_MS);
    return unmoved
      .toSorted((a, b) => a.State - b.State || of(a).askedAt - of(b).askedAt)
      .slice(0, 1);
  }

  const isDue = (job: JobInfo) =>
    job.State !== heappeStates.running || elapsed() - of(job).askedAt >= quietMs;

  async function ask(job: JobInfo, signal: AbortSignal): Promise<JobInfo> {
    try {
      const now = await client.jobs.get(job.Id, signal);
      seen.set(job.Id, { ...of(job), askedAt: elapsed() });
      if (now.State !== job.State) listIsStale = true;
      return now;
    } catch (error) {
      if (error instanceof HeappeError) return job;
      throw error;
    }
  }

  return {
    async freshen(jobs, signal) {
      const open = [...jobs.values()].filter(isOpen);
      remember(open);
      const asked = listIsStale ? open.filter(isDue) : toProbe(open);
      if (asked.length > 0) probedAt = elapsed();
      const fresh = new Map<number, JobInfo>();
      const queue = asked.values();
      const work = async () => {
        for (const job of queue) fresh.set(job.Id, await ask(job, signal));
      };
      await Promise.all(Array.from({ length: Math.min(AT_ONCE, asked.length) }, work));
      return new Map([...jobs].map(([name, job]) => [name, fresh.get(job.Id) ?? job]));
    },
  };
}

/** Of which the cluster knows, and that is not over. */
function isOpen({ State }: JobInfo): boolean {
  const { submitted, queued, running } = heappeStates;
  return State === submitted || State === queued || State === running;
}
