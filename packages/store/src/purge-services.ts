import type { JobName } from '@wakefield/domain';
import { and, eq, inArray, notExists, notInArray, or, type SQL, sql } from 'drizzle-orm';
import type { Database, Queries } from './database.ts';
import { noticesKey, serviceKey } from './fence.ts';
import { jobs } from './schema/jobs.ts';
import { leases } from './schema/leases.ts';
import { services } from './schema/services.ts';

/**
 * Ended jobs of services that may go: those of a service that is over, once all ended before `before`, and those of
 * one that is kept but for its newest. With its jobs goes the service, so its logs are there as long as it is.
 */
export function isPurgeableOfService(queries: Queries, before: number): SQL | undefined {
  const younger = queries
    .select({ one: sql`1` })
    .from(sql`${jobs} as other`)
    .where(
      sql`other.service_id = ${jobs.serviceId}
        and (other.phase <> 'ended' or other.ended_at >= ${sql.param(before, jobs.endedAt)}::timestamptz)`,
    );
  const isNewest = sql`${jobs.seq} = (
    select max(other.seq) from ${jobs} as other where other.service_id = ${jobs.serviceId})`;
  const isOver = sql`exists (
    select 1 from ${services} where ${services.id} = ${jobs.serviceId}
      and ${services.state} in ('stopped', 'completed', 'failed'))`;
  return and(
    sql`${jobs.serviceId} is not null and ${jobs.endedAt} < ${sql.param(before, jobs.endedAt)}::timestamptz`,
    or(and(isOver, notExists(younger)), sql`not ${isNewest}`),
  );
}

/** Deletes these ended jobs of services that go on, but for the newest of each. */
export async function purgeJobsOfServices(
  queries: Queries,
  forgotten: readonly JobName[],
): Promise<number> {
  const { rowCount } = await queries.delete(jobs).where(
    and(
      inArray(jobs.name, [...forgotten]),
      sql`${jobs.phase} = 'ended' and ${jobs.seq} < (
        select max(newer.seq) from ${jobs} as newer where newer.service_id = ${jobs.serviceId})`,
    ),
  );
  return rowCount ?? 0;
}

/**
 * Deletes services that are over and of which nothing is left but these ended jobs, with their jobs and leases. One that
 * somebody works on at this moment is left for the next time.
 */
export async function purgeOverServices(
  database: Database,
  forgotten: readonly JobName[],
): Promise<number> {
  if (forgotten.length === 0) return 0;
  return await database.transaction(async (queries) => {
    const named = queries
      .select({ id: jobs.serviceId })
      .from(jobs)
      .where(and(inArray(jobs.name, [...forgotten]), sql`${jobs.serviceId} is not null`));
    const others = queries
      .select({ id: jobs.id })
      .from(jobs)
      .where(
        and(
          eq(jobs.serviceId, services.id),
          or(sql`${jobs.phase} <> 'ended'`, notInArray(jobs.name, [...forgotten])),
        ),
      );
    const rows = await queries
      .select({ id: services.id })
      .from(services)
      .where(
        and(
          inArray(services.id, named),
          sql`${services.state} in ('stopped', 'completed', 'failed')`,
          notExists(others),
        ),
      )
      .for('update', { skipLocked: true });
    const ids = rows.map(({ id }) => id);
    if (ids.length === 0) return 0;
    await queries.delete(jobs).where(inArray(jobs.serviceId, ids));
    await queries.delete(services).where(inArray(services.id, ids));
    const keys = ids.flatMap((id) => [serviceKey(id), noticesKey(id)]);
    await queries
      .delete(leases)
      .where(and(inArray(leases.key, keys), sql`${leases.expiresAt} <= clock_timestamp()`));
    return ids.length;
  });
}
