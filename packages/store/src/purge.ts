import type { JobStore } from '@wakefield/control';
import type { ClusterName, Job, JobName } from '@wakefield/domain';
import {
  and,
  asc,
  eq,
  inArray,
  isNotNull,
  lt,
  not,
  notExists,
  notInArray,
  or,
  type SQL,
  sql,
} from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import type { Database, Queries } from './database.ts';
import { modelKey } from './fence.ts';
import { deleteLeases, lockDoomed } from './purge-locked.ts';
import {
  isPurgeableOfService,
  type KeepOfService,
  purgeJobsOfServices,
  whenOverWithItsService,
} from './purge-services.ts';
import { jobs } from './schema/jobs.ts';
import { models } from './schema/models.ts';

const newer = alias(jobs, 'newer');

type Keep = Parameters<JobStore['listPurgeable']>[1];

/**
 * Old ended jobs behind the newest of their model on their cluster, and all of models that are unregistered and over; of
 * services see `isPurgeableOfService`.
 */
export async function listPurgeableJobs(
  database: Database,
  before: number,
  keep: Keep,
  { limit, except }: { readonly limit: number; readonly except: readonly ClusterName[] },
): Promise<readonly Pick<Job, 'name' | 'cluster'>[]> {
  return await database.run(async (queries) => {
    const doomed = queries
      .select({ id: models.id })
      .from(models)
      .where(and(not(models.registered), withoutLiveJobs(queries)));
    return await queries
      .select({ name: jobs.name, cluster: jobs.cluster })
      .from(jobs)
      .where(
        and(
          sql`${jobs.phase} = 'ended'`,
          except.length === 0 ? undefined : notInArray(jobs.cluster, [...except]),
          or(
            and(isNotNull(jobs.modelId), lt(jobs.endedAt, before), isBehind(queries, keep)),
            inArray(jobs.modelId, doomed),
            isPurgeableOfService(queries, before, keep),
          ),
        ),
      )
      .orderBy(asc(whenOverWithItsService), asc(jobs.serviceId), asc(jobs.endedAt), asc(jobs.id))
      .limit(limit);
  });
}

/** Whether at least as many ended jobs of its model on its cluster are newer as are to be kept. */
function isBehind(queries: Queries, { least, besideReplicas }: Keep): SQL {
  const kept = queries
    .select({
      count: sql`greatest(1, ${least}::int, ${models.maxReplicas} + ${besideReplicas}::int)`,
    })
    .from(models)
    .where(eq(models.id, jobs.modelId));
  const nth = queries
    .select({ seq: newer.seq })
    .from(newer)
    .where(
      and(
        eq(newer.modelId, jobs.modelId),
        eq(newer.cluster, jobs.cluster),
        sql`${newer.phase} = 'ended'`,
      ),
    )
    .orderBy(sql`${newer.seq} desc`);
  return sql`${jobs.seq} < (${nth} limit 1 offset (${kept}) - 1)`;
}

/** Deletes these ended jobs, but for the newest of each model and those by which a service is judged. */
export async function purgeEndedJobs(
  database: Database,
  forgotten: readonly JobName[],
  keep: KeepOfService,
): Promise<number> {
  if (forgotten.length === 0) return 0;
  return await database.run(async (queries) => {
    const { rowCount } = await queries.delete(jobs).where(
      and(
        inArray(jobs.name, [...forgotten]),
        sql`${jobs.phase} = 'ended'`,
        sql`${jobs.seq} < (${queries
          .select({ seq: sql`max(${newer.seq})` })
          .from(newer)
          .where(eq(newer.modelId, jobs.modelId))})`,
      ),
    );
    return (rowCount ?? 0) + (await purgeJobsOfServices(queries, forgotten, keep));
  });
}

/**
 * Deletes unregistered models of which nothing is left but these ended jobs, with their jobs and leases. A model that
 * somebody works on at this moment is left for the next time.
 */
export async function purgeUnregisteredModels(
  database: Database,
  forgotten: readonly JobName[],
): Promise<number> {
  return await database.transaction(async (queries) => {
    const over = and(not(models.registered), withoutOtherJobs(queries, forgotten));
    const ids = await lockDoomed(queries, models, over);
    if (ids.length === 0) return 0;
    await queries.delete(jobs).where(inArray(jobs.modelId, ids));
    await queries.delete(models).where(inArray(models.id, ids));
    await deleteLeases(queries, ids.map(modelKey));
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

function withoutOtherJobs(queries: Queries, forgotten: readonly JobName[]) {
  const isOther =
    forgotten.length === 0
      ? undefined
      : or(sql`${jobs.phase} <> 'ended'`, notInArray(jobs.name, [...forgotten]));
  return notExists(
    queries
      .select({ id: jobs.id })
      .from(jobs)
      .where(and(eq(jobs.modelId, models.id), isOther)),
  );
}
