import type { JobEngine, JobPatch, JobStore, PatchGuard } from '@wakefield/control';
import {
  type Address,
  isLeaving,
  type Job,
  type JobId,
  type JobPhase,
  type ModelId,
  serviceBasePath,
} from '@wakefield/domain';
import { and, count, desc, eq, inArray, type SQL, sql } from 'drizzle-orm';
import { advanceJobs } from './advance-jobs.ts';
import type { Database, Queries } from './database.ts';
import { assertCovers, assertHeld, clusterKey, lockLease, ownerKey } from './fence.ts';
import { patchColumns, revives, seenInRoutes } from './job-patch.ts';
import { makeOwnersDue } from './make-due.ts';
import { listPurgeableJobs, purgeEndedJobs } from './purge.ts';
import { readUse, takeRoom } from './room.ts';
import { bumpRouteRevision } from './route-revision.ts';
import { isUuid, jobColumns, toJob } from './rows.ts';
import { jobs } from './schema/jobs.ts';
import { models } from './schema/models.ts';
import { services } from './schema/services.ts';
import { nameServices, readJobsOfServices } from './service-store.ts';
import { readWaits } from './start-history.ts';

/** A literal, not a parameter: only so can Postgres see that the partial indexes fit. */
const live = sql`${jobs.phase} <> 'ended'`;

export function jobStore(database: Database): JobStore {
  return {
    intend: async (lease, job, limits) =>
      await database.transaction(async (queries) => {
        await assertHeld(queries, lease, [ownerKey(job)]);
        if (limits !== undefined) await takeRoom(queries, job, limits, job.gpuCount);
        return await insertOnce(queries, { ...job, phase: 'intended' });
      }),
    get: async (id) => {
      if (!isUuid(id)) return null;
      const [job] = await database.run((queries) => readJobs(queries, eq(jobs.id, id)));
      return job ?? null;
    },
    listForModel: async (modelId, newest) =>
      await database.run((queries) => readJobsOfModel(queries, modelId, newest)),
    listForModels: async (wanted) => {
      const found = await database.run((queries) => readJobsOfModels(queries, wanted));
      return Map.groupBy(
        found.filter((job) => job.modelId !== null),
        ({ modelId }) => modelId ?? '',
      );
    },
    listForService: async (serviceId, ended) =>
      isUuid(serviceId)
        ? await database.run((queries) => readJobsOfServices(queries, [serviceId], ended))
        : [],
    listLiveForProject: async (project) => {
      const rows = await database.run((queries) =>
        queries
          .select(jobColumns)
          .from(jobs)
          .innerJoin(models, eq(models.id, jobs.modelId))
          .where(and(eq(models.project, project), models.registered, live))
          .orderBy(jobs.modelId, desc(jobs.seq)),
      );
      return rows.map(toJob);
    },
    listLiveForCluster: async (cluster) =>
      await database.run((queries) => readJobs(queries, and(eq(jobs.cluster, cluster), live))),
    listLiveNames: async (names) => {
      if (names.length === 0) return [];
      const rows = await database.run((queries) =>
        queries
          .select({ name: jobs.name })
          .from(jobs)
          .where(and(inArray(jobs.name, [...names]), live)),
      );
      return rows.map(({ name }) => name);
    },
    countUse: async (cluster, project) =>
      await database.run((queries) => readUse(queries, { cluster, project })),
    countLive: async () =>
      await database.run((queries) =>
        queries
          .select({ cluster: jobs.cluster, phase: jobs.phase, count: count() })
          .from(jobs)
          .where(live)
          .groupBy(jobs.cluster, jobs.phase)
          .orderBy(jobs.cluster, jobs.phase),
      ),
    patch: async (id, phases, patch, guard = {}) =>
      isUuid(id)
        ? await database.transaction((queries) => patchJob(queries, id, phases, patch, guard))
        : null,
    advance: async (lease, moves) =>
      moves.length === 0
        ? new Map()
        : await database.transaction((queries) => advanceJobs(queries, lease, moves)),
    listEngines: async (ids) => {
      const known = ids.filter(isUuid);
      if (known.length === 0) return [];
      const rows = await database.run((queries) =>
        queries
          .select({
            jobId: jobs.id,
            engineKey: jobs.engineKey,
            ofModel: { engine: models.engine, hfModelId: models.hfModelId },
            ofService: { id: services.id, spec: services.spec },
          })
          .from(jobs)
          .leftJoin(models, eq(models.id, jobs.modelId))
          .leftJoin(services, eq(services.id, jobs.serviceId))
          .where(inArray(jobs.id, known)),
      );
      return rows.flatMap(({ jobId, engineKey, ofModel, ofService }): readonly JobEngine[] => {
        if (ofModel !== null) return [{ jobId, engineKey, ...ofModel, basePath: '' }];
        if (ofService === null) return [];
        const { recipe, model, access } = ofService.spec;
        const basePath = access.underBasePath ? serviceBasePath(ofService.id) : '';
        return [{ jobId, engineKey, engine: recipe, hfModelId: model, basePath }];
      });
    },
    engineKey: async (id) => {
      if (!isUuid(id)) return null;
      const [row] = await database.run((queries) =>
        queries.select({ engineKey: jobs.engineKey }).from(jobs).where(eq(jobs.id, id)),
      );
      return row?.engineKey ?? null;
    },
    listPurgeable: async (before, keep, page) =>
      await listPurgeableJobs(database, before, keep, page),
    readWaits: async (cluster, shape, since, newest) =>
      await database.run((queries) => readWaits(queries, cluster, shape, since, newest)),
    purgeEnded: async (forgotten, keep) => await purgeEndedJobs(database, forgotten, keep),
  };
}

/** Live jobs of one model, newest first. */
export async function readLiveJobs(queries: Queries, modelId: ModelId): Promise<readonly Job[]> {
  return await readJobs(queries, and(eq(jobs.modelId, modelId), live));
}

async function readJobs(queries: Queries, where: SQL | undefined): Promise<readonly Job[]> {
  const rows = await queries
    .select(jobColumns)
    .from(jobs)
    .where(where)
    .orderBy(jobs.modelId, desc(jobs.seq));
  return rows.map(toJob);
}

/** All live ones and the newest ended ones; both are looked up in an index of their own. */
async function readJobsOfModel(
  queries: Queries,
  modelId: ModelId,
  newest: number,
): Promise<readonly Job[]> {
  if (!isUuid(modelId)) return [];
  const which = sql`
    select jobs.id from jobs where jobs.model_id = ${modelId} and jobs.phase <> 'ended'
    union all
    (select jobs.id from jobs where jobs.model_id = ${modelId} and jobs.phase = 'ended'
     order by jobs.seq desc limit ${newest})`;
  return await readJobs(queries, sql`${jobs.id} in (${which})`);
}

/** The newest of all is among the live ones, or the newest that ended. */
async function readJobsOfModels(
  queries: Queries,
  wanted: Parameters<JobStore['listForModels']>[0],
): Promise<readonly Job[]> {
  const known = wanted.filter(({ modelId }) => isUuid(modelId));
  if (known.length === 0) return [];
  const ids = known.map(({ modelId }) => modelId);
  const places = known.flatMap(({ modelId, clusters, ended }) =>
    clusters.map((cluster) => ({ id: modelId, cluster, ended })),
  );
  const which = sql`
    select found.id from unnest(${sql.param(ids)}::uuid[]) as wanted (id) cross join lateral (
      select jobs.id from jobs where jobs.model_id = wanted.id and jobs.phase <> 'ended'
      union all
      (select jobs.id from jobs where jobs.model_id = wanted.id and jobs.phase = 'ended'
       order by jobs.seq desc limit 1)
    ) as found
    union all
    select found.id from jsonb_to_recordset(${JSON.stringify(places)}::jsonb)
      as wanted (id uuid, cluster text, ended int) cross join lateral (
      select jobs.id from jobs
      where jobs.model_id = wanted.id and jobs.cluster = wanted.cluster and jobs.phase = 'ended'
      order by jobs.seq desc limit wanted.ended
    ) as found`;
  return await readJobs(queries, sql`${jobs.id} in (${which})`);
}

async function insertOnce(queries: Queries, row: typeof jobs.$inferInsert): Promise<Job> {
  const isModels = row.modelId !== null && row.modelId !== undefined;
  const owner = isModels ? jobs.modelId : jobs.serviceId;
  const [inserted] = await queries
    .insert(jobs)
    .values(row)
    .onConflictDoNothing({ target: [owner, jobs.seq] })
    .returning(jobColumns);
  if (inserted !== undefined) return toJob(inserted);
  const [first] = await readJobs(
    queries,
    and(eq(owner, (isModels ? row.modelId : row.serviceId) ?? ''), eq(jobs.seq, row.seq)),
  );
  if (first === undefined) throw new Error('the job that was in the way is gone');
  return first;
}

async function patchJob(
  queries: Queries,
  id: JobId,
  phases: readonly JobPhase[],
  patch: JobPatch,
  { lease, engineAt }: PatchGuard,
): Promise<Job | null> {
  if (lease !== undefined) await lockLease(queries, lease);
  const [row] = await queries.select(jobColumns).from(jobs).where(eq(jobs.id, id)).for('update');
  if (row === undefined) return null;
  const before = toJob(row);
  const owner = ownerKey(before);
  if (lease !== undefined) assertCovers(lease, [owner, clusterKey(before.cluster)]);
  if (!phases.includes(before.phase) || revives(before.phase, patch)) return null;
  if (engineAt !== undefined && !isServedAt(before, engineAt)) return null;
  if (Object.keys(patch).length === 0) return before;
  const [written] = await queries
    .update(jobs)
    .set(patchColumns(patch))
    .where(eq(jobs.id, id))
    .returning(jobColumns);
  if (written === undefined) return null;
  const after = toJob(written);
  if (before.phase !== after.phase && lease?.key !== owner) await makeOwnersDue(queries, [after]);
  if (before.clusterJobId === null) await nameServices(queries, [after]);
  if (seenInRoutes(before) !== seenInRoutes(after)) await bumpRouteRevision(queries);
  return after;
}

/** Whether its engine is still where it was found, and the job still wanted. */
function isServedAt(job: Job, { host, port }: Address): boolean {
  return job.address?.host === host && job.address.port === port && !isLeaving(job);
}
