import type { JobStore } from '@wakefield/control';
import type { JobName } from '@wakefield/domain';
import { and, eq, inArray, lt, notExists, notInArray, or, type SQL, sql } from 'drizzle-orm';
import type { Database, Queries } from './database.ts';
import { noticesKey, serviceKey } from './fence.ts';
import { isOverService } from './over-services.ts';
import { deleteLeases, lockDoomed } from './purge-locked.ts';
import { jobs } from './schema/jobs.ts';
import { services } from './schema/services.ts';

/** How many of its newest ended jobs a service needs to be judged by. */
export type KeepOfService = Pick<Parameters<JobStore['listPurgeable']>[1], 'besideReplicas'>;

/**
 * Ended jobs of services that may go: those of a service that is over, once all ended before `before`, and of each
 * those behind the newest ones, on which the verdict rests. With its last jobs goes the service: were they to go one by
 * one, one that gave up would start again, and its logs are to be there as long as it is.
 */
export function isPurgeableOfService(
  queries: Queries,
  before: number,
  keep: KeepOfService,
): SQL | undefined {
  const younger = queries
    .select({ one: sql`1` })
    .from(sql`${jobs} as other`)
    .where(
      sql`other.service_id = ${jobs.serviceId}
        and (other.phase <> 'ended' or other.ended_at >= ${sql.param(before, jobs.endedAt)}::timestamptz)`,
    );
  const isOver = sql`exists (
    select 1 from ${services} where ${services.id} = ${jobs.serviceId} and ${isOverService})`;
  return and(
    sql`${jobs.serviceId} is not null and ${jobs.endedAt} < ${sql.param(before, jobs.endedAt)}::timestamptz`,
    or(and(isOver, notExists(younger)), isBehind(keep)),
  );
}

/**
 * When the last job of its service ended, of others when it did itself. In this order a page has the jobs of a service
 * together, so that it can go at once.
 */
export const whenOverWithItsService = sql`coalesce(
  (select max(other.ended_at) from ${jobs} as other where other.service_id = ${jobs.serviceId}), ${jobs.endedAt})`;

/** Deletes those of these ended jobs that their service is not judged by. */
export async function purgeJobsOfServices(
  queries: Queries,
  forgotten: readonly JobName[],
  keep: KeepOfService,
): Promise<number> {
  const { rowCount } = await queries
    .delete(jobs)
    .where(and(inArray(jobs.name, [...forgotten]), sql`${jobs.phase} = 'ended'`, isBehind(keep)));
  return rowCount ?? 0;
}

/** Whether enough ended jobs of its service are newer. A service has one job at a time, where a model has replicas. */
function isBehind({ besideReplicas }: KeepOfService): SQL {
  return sql`${jobs.seq} < (
    select newer.seq from ${jobs} as newer
    where newer.service_id = ${jobs.serviceId} and newer.phase = 'ended'
    order by newer.seq desc limit 1 offset ${besideReplicas}::int)`;
}

/**
 * Deletes services that are over and of which nothing is left but these ended jobs, with their jobs and leases; those
 * that never had a job when nobody changed them since `before`. One that somebody works on at this moment is left for
 * the next time.
 */
export async function purgeOverServices(
  database: Database,
  forgotten: readonly JobName[],
  before: number,
): Promise<number> {
  return await database.transaction(async (queries) => {
    const named = queries
      .select({ id: jobs.serviceId })
      .from(jobs)
      .where(and(inArray(jobs.name, [...forgotten]), sql`${jobs.serviceId} is not null`));
    const isInTime = or(inArray(services.id, named), lt(services.updatedAt, before));
    const doomed = and(isOverService, isInTime, withoutOtherJobs(queries, forgotten));
    const ids = await lockDoomed(queries, services, doomed);
    if (ids.length === 0) return 0;
    await queries.delete(jobs).where(inArray(jobs.serviceId, ids));
    await queries.delete(services).where(inArray(services.id, ids));
    await deleteLeases(
      queries,
      ids.flatMap((id) => [serviceKey(id), noticesKey(id)]),
    );
    return ids.length;
  });
}

function withoutOtherJobs(queries: Queries, forgotten: readonly JobName[]): SQL {
  const isOther = or(sql`${jobs.phase} <> 'ended'`, notInArray(jobs.name, [...forgotten]));
  return notExists(
    queries
      .select({ id: jobs.id })
      .from(jobs)
      .where(and(eq(jobs.serviceId, services.id), isOther)),
  );
}
