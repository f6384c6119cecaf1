import { type Lease, type ModelStore, seenInRoutes } from '@wakefield/control';
import type { EpochMs, JobId, Model, ModelId, ModelState } from '@wakefield/domain';
import { and, asc, eq, lte, type SQL, sql } from 'drizzle-orm';
import type { Database, Queries } from './database.ts';
import { assertHeld, modelKey } from './fence.ts';
import { purgeUnregisteredModels } from './purge.ts';
import { putOff } from './put-off.ts';
import { bumpRouteRevision } from './route-revision.ts';
import { fromModel, isUuid, toModel, toModelToPlan, toModelWithStatus } from './rows.ts';
import { models } from './schema/models.ts';
import { tellStart } from './start-history.ts';

/** What a reconcile run hands back for one model. */
type SavedPlan = Parameters<ModelStore['savePlan']>[2];

export function modelStore(database: Database): ModelStore {
  const read = async (where: SQL | undefined, limit: number | null = null) => {
    const rows = await database.run((queries) => {
      const query = queries.select().from(models).where(where).orderBy(asc(inByteOrder)).$dynamic();
      return limit === null ? query : query.limit(limit);
    });
    return rows.map(toModelWithStatus);
  };
  return {
    get: async (id) => {
      if (!isUuid(id)) return null;
      const [row] = await database.run((queries) =>
        queries.select().from(models).where(eq(models.id, id)),
      );
      return row === undefined ? null : toModelToPlan(row);
    },
    find: async (project, hfModelId) =>
      (await read(and(named(project, hfModelId), models.registered)))[0] ?? null,
    list: async (project, { limit, after } = { limit: null, after: null }) =>
      await read(
        and(
          eq(models.project, project),
          models.registered,
          after === null ? undefined : sql`${inByteOrder} > ${after}`,
        ),
        limit,
      ),
    listDue: async (now, { limit, after }) => {
      const behind =
        after === null
          ? undefined
          : sql`(${models.nextLookAt}, ${models.id}) > (${sql.param(after.nextLookAt, models.nextLookAt)}::timestamptz, ${after.id}::uuid)`;
      const rows = await database.run((queries) =>
        queries
          .select()
          .from(models)
          .where(and(lte(models.nextLookAt, now), behind))
          .orderBy(asc(models.nextLookAt), asc(models.id))
          .limit(limit),
      );
      return rows.map(toModelToPlan);
    },
    putOff: async (quiet) => {
      if (quiet.length > 0) await database.transaction((queries) => putOff(queries, quiet));
    },
    savePlan: async (id, lease, plan, now) =>
      await database.transaction((queries) => savePlan(queries, id, lease, plan, now)),
    purgeUnregistered: async (forgotten) => await purgeUnregisteredModels(database, forgotten),
  };
}

const inByteOrder = sql`${models.hfModelId} collate "C"`;

/** A model's desired state, and the state that was last told of it. */
export interface LockedModel {
  readonly model: Model;
  readonly state: ModelState;
}

/** Locks the model's row, registered or not, for the length of the transaction. */
export async function lockModel(
  queries: Queries,
  project: string,
  hfModelId: string,
): Promise<LockedModel | null> {
  const [row] = await queries.select().from(models).where(named(project, hfModelId)).for('update');
  return row === undefined ? null : { model: toModel(row), state: row.state };
}

/**
 * Writes the desired state that a command left, due at once. A model that is woken says so at once: whoever
 * asks before the next plan must not be told that it sleeps or failed.
 * @param before the locked row, or null when there was none
 * @returns whether its state changed
 */
export async function saveDesired(
  queries: Queries,
  before: LockedModel | null,
  after: Model,
  now: EpochMs,
): Promise<boolean> {
  const row = {
    ...fromModel(after),
    // A plan that was made before must never pass for a newer one, whoever forgot to count.
    generation: Math.max(after.generation, (before?.model.generation ?? 0) + 1),
  };
  if (before === null) {
    await queries.insert(models).values({ ...row, nextLookAt: now });
  } else {
    const woken = wakes(before, after) ? ({ state: 'queued', reason: null } as const) : {};
    await queries
      .update(models)
      .set({ ...row, ...woken, nextLookAt: earlier(now) })
      .where(eq(models.id, before.model.id));
  }
  return before !== null && wakes(before, after);
}

function wakes({ model, state }: LockedModel, after: Model): boolean {
  const down = state === 'not_loaded' || state === 'failed';
  return down && !after.idle && after.lastWakeupAt !== model.lastWakeupAt;
}

async function savePlan(
  queries: Queries,
  id: ModelId,
  lease: Lease,
  { generation, dueCount, patch, status, expectedStarts = [], lookAgainAt }: SavedPlan,
  now: EpochMs,
): Promise<boolean> {
  await assertHeld(queries, lease, [modelKey(id)]);
  // Before the model's row is locked, and in the order of ids: whoever moves jobs on locks them so, and first.
  for (const { jobId, expectedStart } of expectedStarts.toSorted(byJobId))
    await tellStart(queries, jobId, expectedStart);
  const [before] = await queries.select().from(models).where(eq(models.id, id)).for('update');
  if (before === undefined) return true;
  const write = (columns: Partial<typeof models.$inferInsert>) =>
    queries.update(models).set(columns).where(eq(models.id, id));
  const jobsMoved = dueCount !== undefined && before.dueCount !== dueCount;
  if (before.generation !== generation || jobsMoved) {
    await write({ nextLookAt: now });
    return false;
  }
  const decided = patch.idle !== undefined || patch.replicas !== undefined;
  const { expectedReady, ...told } = status;
  await write({
    ...patch,
    ...told,
    expectedReadyFrom: expectedReady?.from ?? null,
    expectedReadyTo: expectedReady?.to ?? null,
    ...(decided ? { updatedAt: now } : {}),
    nextLookAt: lookAgainAt,
  });
  const after = { ...status, idle: patch.idle ?? before.idle };
  if (before.registered && seenInRoutes(toModelWithStatus(before)) !== seenInRoutes(after))
    await bumpRouteRevision(queries);
  return true;
}

function byJobId(a: { readonly jobId: JobId }, b: { readonly jobId: JobId }): number {
  return a.jobId < b.jobId ? -1 : 1;
}

/** `least` ignores null, so a model without a next look gets one. */
function earlier(at: EpochMs): SQL {
  return sql`least(${models.nextLookAt}, ${sql.param(at, models.nextLookAt)}::timestamptz)`;
}

function named(project: string, hfModelId: string): SQL | undefined {
  return and(eq(models.project, project), eq(models.hfModelId, hfModelId));
}
