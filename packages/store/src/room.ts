import { RoomTakenError } from '@wakefield/control';
import { type ClusterLimits, type ClusterName, type ClusterUse, roomFor } from '@wakefield/domain';
import { and, eq, sql } from 'drizzle-orm';
import type { Queries } from './database.ts';
import { jobs } from './schema/jobs.ts';

/** Whose jobs are counted, and where. */
export interface Place {
  readonly cluster: ClusterName;
  readonly project: string;
}

/**
 * Live jobs on a cluster, and of these the project's with the GPUs that each was intended with, whatever its model or
 * service asks for by now.
 */
export async function readUse(queries: Queries, { cluster, project }: Place): Promise<ClusterUse> {
  const own = sql`filter (where ${jobs.project} = ${project})`;
  const [row] = await queries
    .select({
      jobs: sql<number>`count(*)::int`,
      ownJobs: sql<number>`(count(*) ${own})::int`,
      ownGpus: sql<number>`coalesce(sum(${jobs.gpuCount}) ${own}, 0)::int`,
    })
    .from(jobs)
    .where(and(eq(jobs.cluster, cluster), sql`${jobs.phase} <> 'ended'`));
  return {
    jobs: row?.jobs ?? 0,
    project: { jobs: row?.ownJobs ?? 0, gpus: row?.ownGpus ?? 0 },
  };
}

/**
 * In a transaction that is about to insert a job: lets one after the other through to the count, so that two models do
 * not both take the last place.
 * @throws RoomTakenError
 */
export async function takeRoom(
  queries: Queries,
  place: Place,
  limits: ClusterLimits,
  gpuCount: number,
): Promise<void> {
  const key = JSON.stringify(['wakefield', 'room', place.cluster]);
  await queries.execute(sql`select pg_advisory_xact_lock(hashtextextended(${key}, 0))`);
  const room = roomFor(place, limits, await readUse(queries, place), gpuCount);
  if (room !== null && room.jobs < 1) throw new RoomTakenError(room.reason);
}
