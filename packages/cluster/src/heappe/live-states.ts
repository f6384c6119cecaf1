import type { JobName } from '@wakefield/domain';
import { heappeStates, type JobInfo } from './api/wire-types.ts';
import type { HeappeClient } from './client.ts';
import { HeappeError } from './failures.ts';

/** HEAppE looks at its clusters every 30 s; what has not moved for longer may be so, or nobody looks. */
const UNMOVED_MS = 60_000;
const PROBE_EVERY_MS = 30_000;
/** Each is a command over ssh. Of those that wait, no more in one look either. */
const AT_ONCE = 6;

/**
 * States of jobs where the list does not tell them. An instance that signs in to its clusters by SSH-CA looks at nothing by
 * itself (UpdateUnfinishedJobsBackgroundService.cs): there only CurrentInfoForJob asks the cluster, and keeps what it
 * hears. Nothing says whether an instance is one of those; so of jobs that do not move one is asked for now and then,
 * and when that shows another state than the list, all are from then on. It may as well have come just before HEAppE's
 * own look: so when the list moves a job of which nobody was told, it is believed again.
 */
export interface LiveStates {
  /** The same jobs, some of them as they are now. Never rejects for what HEAppE answers. */
  freshen(
    jobs: ReadonlyMap<JobName, JobInfo>,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<JobName, JobInfo>>;
}

interface Seen {
  /** In the list. */
  readonly state: number;
  /** The last that we heard, in the list or when we asked. */
  readonly told: number;
  readonly since: number;
  readonly askedAt: number;
}

/** @param quietMs no job is asked for more often, but for the one that is tried */
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
    for (const job of jobs) {
      const before = seen.get(job.Id);
      if (before?.state === job.State) continue;
      if (before !== undefined && movedByItself(before, job)) listIsStale = false;
      seen.set(job.Id, fresh(job));
    }
  }

  const fresh = ({ State }: JobInfo): Seen => ({
    state: State,
    told: State,
    since: elapsed(),
    askedAt: Number.NEGATIVE_INFINITY,
  });
  const of = (job: JobInfo): Seen => seen.get(job.Id) ?? fresh(job);

  /** Of those that wait, who are likelier to move; the one that was not asked for the longest. */
  function toProbe(jobs: readonly JobInfo[]): readonly JobInfo[] {
    if (elapsed() - probedAt < PROBE_EVERY_MS) return [];
    const unmoved = jobs.filter((job) => elapsed() - of(job).since >= UNMOVED_MS);
    return unmoved
      .toSorted((a, b) => a.State - b.State || of(a).askedAt - of(b).askedAt)
      .slice(0, 1);
  }

  /** Where the list tells nothing: all whose turn it is. */
  function due(jobs: readonly JobInfo[]): readonly JobInfo[] {
    const all = jobs
      .filter((job) => elapsed() - of(job).askedAt >= quietMs)
      .toSorted((a, b) => of(a).askedAt - of(b).askedAt);
    const isRunning = ({ State }: JobInfo) => State === heappeStates.running;
    const waiting = all.filter((job) => !isRunning(job));
    return [...waiting.slice(0, AT_ONCE), ...all.filter(isRunning)];
  }

  async function ask(job: JobInfo, signal: AbortSignal): Promise<JobInfo> {
    // Whether or not it is answered: one of which HEAppE can say nothing keeps no other waiting.
    const turn = { ...of(job), askedAt: elapsed() };
    seen.set(job.Id, turn);
    try {
      const now = await client.jobs.get(job.Id, signal);
      seen.set(job.Id, { ...turn, told: now.State });
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
      const asked = listIsStale ? due(open) : toProbe(open);
      if (asked.length > 0) probedAt = elapsed();
      const current = new Map<number, JobInfo>();
      const queue = asked.values();
      const work = async () => {
        for (const job of queue) current.set(job.Id, await ask(job, signal));
      };
      await Promise.all(Array.from({ length: Math.min(AT_ONCE, asked.length) }, work));
      return new Map([...jobs].map(([name, job]) => [name, current.get(job.Id) ?? job]));
    },
  };
}

/** Of which the cluster knows, and that is not over. */
function isOpen({ State }: JobInfo): boolean {
  const { submitted, queued, running } = heappeStates;
  return State === submitted || State === queued || State === running;
}

/** Only a start: of ends HEAppE knows from whoever cancels, too. */
function movedByItself({ told }: Seen, { State }: JobInfo): boolean {
  return State === heappeStates.running && told !== State;
}
