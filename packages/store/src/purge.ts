import type { Job } from '@wakefield/domain';
import { and, eq, inArray, lt, not, notExists, sql } from 'drizzle-orm';
import type { Database, Queries } from './database.ts';
import { jobs } from './schema/jobs.ts';
import { leases } from './schema/leases.ts';
import { models } from './schema/models.ts';

/**
 * Deletes jobs that ended before `before`. Of each model at least the newest stays: the next sequence
 * number, and with it the name of the next job, comes after it, and a name is never used twice.
 */
export async function purgeEndedJobs(
  database: Database,
  before: number,
  keep: number,
): Promise<readonly Pick<Job, 'name' | 'cluster'>[]> {
  return await database.run(async (queries) => {
    const ranked = queries
      .select({
        id: jobs.id,
        endedAt: jobs.endedAt,
        rank: sql<number>`row_number() over (partition by ${jobs.modelId} order by ${jobs.seq} desc)`.as(
          'rank',
        ),
      })
      .from(jobs)
      .where(sql`${jobs.phase} = 'ended'`)
      .as('ranked');
    const old = queries
      .select({ id: ranked.id })
      .from(ranked)
      .where(and(sql`${ranked.rank} > ${Math.max(1, keep)}`, lt(ranked.endedAt, before)));
    return await queries
      .delete(jobs)
      .where(inArray(jobs.id, old))
      .returning({ name: jobs.name, cluster: jobs.cluster });
  });
}

/**
 * Deletes unregistered models without live jobs, with their jobs and leases. A model that somebody works
 * on at this moment is left for the next time.
 */
export async function purgeUnregisteredModels(database: Database): Promise<number> {
  return await database.transaction(async (queries) => {
    const locked = await queries
      .select({ id: models.id })
      .from(models)
      .where(and(not(models.registered), withoutLiveJobs(queries)))
      .for('update', { skipLocked: true });
    if (locked.length === 0) return 0;
    // Asked again: a job may have been intended before the lock, but after the lock none can be.
    const doomed = await queries
      .select({ id: models.id })
      .from(models)
      .where(
        and(
          inArray(
            models.id,
            locked.map(({ id }) => id),
          ),
          withoutLiveJobs(queries),
        ),
      );
    const ids = doomed.map(({ id }) => id);
    if (ids.length === 0) return 0;
    await queries.delete(jobs).where(inArray(jobs.modelId, ids));
    await queries.delete(models).where(inArray(models.id, ids));
    await queries.delete(leases).where(
      and(
        inArray(
          leases.key,
          ids.map((id) => `model:${id}`),
        ),
        sql`${leases.expiresAt} <= clock_timestamp()`,
      ),
    );
    return ids.length;
  });
}

function withoutLiveJobs(queries: Queries) {
  return notExists(
    queries
      .select({ id: jobs.id })
      .from(jobs)
      .where(and(eq(jobs.modelId, models.id), sql`${jobs.phase} <> 'ended'`)),
  );
}
