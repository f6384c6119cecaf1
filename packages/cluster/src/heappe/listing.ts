import type { JobName } from '@wakefield/domain';
import { heappeStates, type JobInfo } from './api/wire-types.ts';
import type { HeappeClient } from './client.ts';
import { isWaiting } from './cluster-job.ts';
import { asLook } from './failures.ts';

/** All but deleted ones, which HEAppE lists for ever. */
const listedStates: readonly number[] = Object.values(heappeStates).filter(
  (state) => state !== heappeStates.deleted,
);

/** Jobs by name, each list with the one that counts first. */
export type Listing = ReadonlyMap<JobName, readonly JobInfo[]>;

/**
 * One call for all jobs of our user, those of other installations among them.
 * @throws ClusterError, never `refused`: a list that was not given says nothing about jobs
 */
export async function listJobs(
  client: Pick<HeappeClient, 'jobs'>,
  signal: AbortSignal,
): Promise<Listing> {
  const jobs = await client.jobs.list(listedStates, signal).catch((error: unknown) => {
    throw asLook(error);
  });
  const listing = new Map<JobName, JobInfo[]>();
  for (const job of jobs) {
    if (job.Name === null || job.State === heappeStates.deleted) continue;
    const others = listing.get(job.Name);
    if (others === undefined) listing.set(job.Name, [job]);
    else others.push(job);
  }
  for (const others of listing.values()) others.sort(firstOfName);
  return listing;
}

/** The job that stands for its name; null: there is none. */
export function jobNamed(listing: Listing, name: JobName): JobInfo | null {
  return listing.get(name)?.[0] ?? null;
}

/**
 * Neither CreateJob nor SubmitJob is idempotent, so a name may have several jobs. One that runs goes before one that
 * waits in the cluster's queue, that before one that was only created, and all of these before those that are over; then the
 * oldest, so that everybody picks the same; of those that are over the newest.
 */
function firstOfName(a: JobInfo, b: JobInfo): number {
  const [rankA, rankB] = [rank(a), rank(b)];
  if (rankA !== rankB) return rankB - rankA;
  return rankA === 0 ? b.Id - a.Id : a.Id - b.Id;
}

function rank({ State }: JobInfo): number {
  if (State === heappeStates.running) return 4;
  if (State === heappeStates.configuring) return 1;
  return isWaiting(State) ? 3 : 0;
}

/** Jobs of ours that hold or await a place under a name that another such one has. */
export function surplusOf(listing: Listing, prefix: string): readonly JobInfo[] {
  return ours(listing, prefix).flatMap((jobs) => jobs.slice(1).filter(isLive));
}

/** How many of ours hold a place, or will, on these node types. */
export function countLive(
  listing: Listing,
  prefix: string,
  nodeTypes: ReadonlySet<number>,
): number {
  return ours(listing, prefix)
    .flat()
    .filter(isLive)
    .filter(({ Tasks: [task] }) => {
      const id = task?.NodeType?.Id;
      return id === undefined || nodeTypes.has(id);
    }).length;
}

function ours(listing: Listing, prefix: string): readonly (readonly JobInfo[])[] {
  return [...listing].flatMap(([name, jobs]) => (name.startsWith(prefix) ? [jobs] : []));
}

function isLive(job: JobInfo): boolean {
  return rank(job) > 0;
}
