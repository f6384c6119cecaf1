import type {
  Lease,
  ServiceFilter,
  ServiceStore,
  ServiceToPlan,
  ServiceWithJobs,
  ServiceWithStatus,
} from '@wakefield/control';
import {
  type EpochMs,
  isOver,
  type Job,
  type JobId,
  type ProjectName,
  type Service,
  type ServiceId,
  type ServiceState,
} from '@wakefield/domain';
import { and, asc, desc, eq, inArray, lte, or, type SQL, sql } from 'drizzle-orm';
import type { Database, Queries } from './database.ts';
import { assertHeld, serviceKey } from './fence.ts';
import { writeNotices } from './notice-store.ts';
import { isOverService } from './over-services.ts';
import { purgeOverServices } from './purge-services.ts';
import { bumpRouteRevision } from './route-revision.ts';
import { isUuid, jobColumns, toJob } from './rows.ts';
import { jobs } from './schema/jobs.ts';
import { services } from './schema/services.ts';
import { serviceFigures } from './service-figures.ts';
import { tellStart } from './start-history.ts';

/** A name that so many services go by is ambiguous enough. */
const FOUND_AT_MOST = 20;

type SavedPlan = Parameters<ServiceStore['savePlan']>[2];
type ServiceRow = typeof services.$inferSelect;

/** Services as rows. A question for an id that is no UUID is answered without the database, which would choke on it. */
export function serviceStore(database: Database): ServiceStore {
  return {
    get: async (id) => {
      if (!isUuid(id)) return null;
      const [row] = await database.run((queries) =>
        queries.select().from(services).where(eq(services.id, id)),
      );
      return row === undefined ? null : toServiceToPlan(row);
    },
    lookUp: async (id, projects, cluster) =>
      await database.run(async (queries) => {
        const rows = await queries
          .select()
          .from(services)
          .where(
            and(
              inProjects(projects),
              cluster === null ? undefined : eq(services.cluster, cluster),
              called(id),
            ),
          )
          .orderBy(isOverService, desc(services.createdAt), desc(services.id))
          .limit(FOUND_AT_MOST);
        return await withJobs(queries, rows);
      }),
    list: async (filter, { limit, after }) =>
      await database.run(async (queries) => {
        const rows = await queries
          .select()
          .from(services)
          .where(and(matches(filter), after === null ? undefined : olderThan(after)))
          .orderBy(desc(services.createdAt), desc(services.id))
          .limit(limit);
        return await withJobs(queries, rows);
      }),
    listDue: async (now, limit) => {
      const rows = await database.run((queries) =>
        queries
          .select({ id: services.id })
          .from(services)
          .where(lte(services.nextLookAt, now))
          .orderBy(asc(services.nextLookAt), asc(services.id))
          .limit(limit),
      );
      return rows.map(({ id }) => id);
    },
    savePlan: async (id, lease, plan, now) =>
      await database.transaction((queries) => savePlan(queries, id, lease, plan, now)),
    purgeOver: async (forgotten, before) => await purgeOverServices(database, forgotten, before),
    ...serviceFigures(database),
  };
}

function inProjects(projects: readonly ProjectName[] | null): SQL | undefined {
  if (projects === null) return undefined;
  return projects.length === 0 ? sql`false` : inArray(services.project, [...projects]);
}

/** By its own id, or by that of any of its jobs. */
function called(id: string): SQL | undefined {
  const byJob = sql`${services.id} in (
    select ${jobs.serviceId} from ${jobs}
    where ${jobs.clusterJobId} = ${id} and ${jobs.serviceId} is not null)`;
  const byFirst = eq(services.clusterJobId, id);
  return isUuid(id) ? or(eq(services.id, id), byFirst, byJob) : or(byFirst, byJob);
}

/** As readers are told it: one that somebody has stopped is stopping, also before the next plan says so. */
const toldState = sql<ServiceState>`case when ${services.stopRequested} and not ${isOverService} then 'stopping' else ${services.state} end`;

function matches({ projects, states, recipe }: ServiceFilter): SQL | undefined {
  return and(
    inProjects(projects),
    states.length === 0 ? undefined : inArray(toldState, [...states]),
    recipe === null ? undefined : eq(services.recipe, recipe),
  );
}

/** Nothing is older than a service that is not there. */
function olderThan(id: ServiceId): SQL {
  if (!isUuid(id)) return sql`false`;
  return sql`(${services.createdAt}, ${services.id}) < (
    select newer.created_at, newer.id from ${services} as newer where newer.id = ${id})`;
}

/** All live ones of each and the newest. */
async function withJobs(
  queries: Queries,
  rows: readonly ServiceRow[],
): Promise<readonly ServiceWithJobs[]> {
  const ids = rows.map(({ id }) => id);
  const found = ids.length === 0 ? [] : await readJobsOfServices(queries, ids, 1);
  const byService = Map.groupBy(found, ({ serviceId }) => serviceId);
  return rows.map((row) => ({
    service: toServiceWithStatus(row),
    jobs: byService.get(row.id) ?? [],
  }));
}

/** All live ones of each and the newest `ended` ended ones, newest first. */
export async function readJobsOfServices(
  queries: Queries,
  ids: readonly ServiceId[],
  ended: number,
): Promise<readonly Job[]> {
  const which = sql`
    select found.id from unnest(${sql.param(ids)}::uuid[]) as wanted (id) cross join lateral (
      select jobs.id from jobs where jobs.service_id = wanted.id and jobs.phase <> 'ended'
      union all
      (select jobs.id from jobs where jobs.service_id = wanted.id and jobs.phase = 'ended'
       order by jobs.seq desc limit ${ended})
    ) as found`;
  const rows = await queries
    .select(jobColumns)
    .from(jobs)
    .where(sql`${jobs.id} in (${which})`)
    .orderBy(desc(jobs.seq));
  return rows.map(toJob);
}

/** Locks the service's row for the length of the transaction. */
export async function lockService(queries: Queries, id: ServiceId): Promise<Service | null> {
  if (!isUuid(id)) return null;
  const [row] = await queries.select().from(services).where(eq(services.id, id)).for('update');
  return row === undefined ? null : toService(row);
}

/** Writes the desired state that a command left, due at once. */
export async function saveDesiredService(
  queries: Queries,
  { spec, ...service }: Service,
  now: EpochMs,
): Promise<void> {
  const { nodes, gpu } = spec.resources;
  const row = { ...service, spec, recipe: spec.recipe, gpuCount: nodes * (gpu ?? 0) };
  const due = { ...row, nextLookAt: now };
  await queries.insert(services).values(due).onConflictDoUpdate({ target: services.id, set: due });
}

async function savePlan(
  queries: Queries,
  id: ServiceId,
  lease: Lease,
  { generation, dueCount, status, expectedStarts, lookAgainAt, notices }: SavedPlan,
  now: EpochMs,
): Promise<boolean> {
  await assertHeld(queries, lease, [serviceKey(id)]);
  // Jobs before what they belong to, and in the order of ids: whoever moves jobs on locks them so.
  for (const { jobId, expectedStart } of expectedStarts.toSorted(byJobId))
    await tellStart(queries, jobId, expectedStart);
  const [before] = await queries.select().from(services).where(eq(services.id, id)).for('update');
  if (before === undefined) return true;
  const write = (columns: Partial<typeof services.$inferInsert>) =>
    queries.update(services).set(columns).where(eq(services.id, id));
  if (before.generation !== generation || before.dueCount !== dueCount) {
    await write({ nextLookAt: now });
    return false;
  }
  await write({ ...status, nextLookAt: lookAgainAt });
  // Why one waits changes with each look at the queue; why it is over is told to those who ask for it.
  const isTold = isOver(status.state) && before.reason !== status.reason;
  if (before.state !== status.state || isTold) await bumpRouteRevision(queries);
  await writeNotices(queries, notices, now);
  return true;
}

function byJobId(a: { readonly jobId: JobId }, b: { readonly jobId: JobId }): number {
  return a.jobId < b.jobId ? -1 : 1;
}

/**
 * The id that a cluster gave the first job of a service is what the service is called from then on. Of several that got
 * theirs at once the one that was intended first.
 */
export async function nameServices(
  queries: Queries,
  submitted: readonly Pick<Job, 'serviceId' | 'clusterJobId' | 'seq'>[],
): Promise<void> {
  const names = new Map<ServiceId, string>();
  for (const { serviceId, clusterJobId } of submitted.toSorted((a, b) => b.seq - a.seq))
    if (serviceId !== null && clusterJobId !== null) names.set(serviceId, clusterJobId);
  if (names.size === 0) return;
  // Locked in the order of ids, as whoever makes them due does.
  await queries.execute(sql`
    with told as (
      select * from unnest(${sql.param([...names.keys()])}::uuid[], ${sql.param([...names.values()])}::text[]) as told (id, name)
    ), locked as (
      select id from services where id in (select id from told) and cluster_job_id is null order by id for update
    )
    update services set cluster_job_id = told.name
    from told join locked using (id) where services.id = told.id`);
}

function toServiceToPlan(row: ServiceRow): ServiceToPlan {
  return { ...toServiceWithStatus(row), dueCount: row.dueCount };
}

function toServiceWithStatus(row: ServiceRow): ServiceWithStatus {
  const { state, reason, because, clusterJobId } = row;
  return { ...toService(row), state, reason, because, clusterJobId };
}

function toService(row: ServiceRow): Service {
  const { id, project, cluster, spec, stopRequested, generation } = row;
  const { createdBy, traceId, createdAt, updatedAt } = row;
  return {
    ...{ id, project, cluster, spec, stopRequested, generation },
    ...{ createdBy, traceId, createdAt, updatedAt },
  };
}
