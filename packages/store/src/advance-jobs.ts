import type { JobMove, Lease } from '@wakefield/control';
import type { Job, JobId } from '@wakefield/domain';
import { inArray, type SQL, sql } from 'drizzle-orm';
import type { Queries } from './database.ts';
import { assertHeld, clusterKey } from './fence.ts';
import { patchColumns, revives, seenInRoutes } from './job-patch.ts';
import { makeOwnersDue } from './make-due.ts';
import { bumpRouteRevision } from './route-revision.ts';
import { jobColumns, toJob } from './rows.ts';
import { jobs } from './schema/jobs.ts';
import { nameServices } from './service-store.ts';

type Columns = ReturnType<typeof patchColumns>;
type ColumnKey = keyof Columns & keyof typeof jobColumns;

/**
 * Moves many jobs of one cluster on at once: all rows are locked in the order of their ids, changed by one statement,
 * and make their models or services due by others. As `patch` does it for one.
 */
export async function advanceJobs(
  queries: Queries,
  lease: Lease,
  moves: readonly JobMove[],
): Promise<ReadonlyMap<JobId, Job>> {
  const clusters = [...new Set(moves.map(({ job }) => clusterKey(job.cluster)))];
  await assertHeld(queries, lease, clusters);
  const byId = new Map(moves.map((move) => [move.job.id, move]));
  const rows = await queries
    .select(jobColumns)
    .from(jobs)
    .where(inArray(jobs.id, [...byId.keys()]))
    .orderBy(jobs.id)
    .for('update');
  const before = new Map(rows.map((row) => [row.id, toJob(row)]));
  const kept = rows.flatMap((row) => {
    const move = byId.get(row.id);
    const now = before.get(row.id);
    if (move === undefined || now === undefined || hasMoved(now, move.job)) return [];
    return revives(row.phase, move.patch) ? [] : [{ row, columns: patchColumns(move.patch) }];
  });
  const written = await writeAll(queries, kept);
  const changed = (differs: (before: Job, after: Job) => boolean) =>
    written.filter((after) => {
      const was = before.get(after.id);
      return was !== undefined && differs(was, after);
    });
  const moved = changed((was, after) => was.phase !== after.phase || wasBuilding(was, after));
  await makeOwnersDue(queries, moved);
  await nameServices(
    queries,
    changed((was, after) => was.clusterJobId !== after.clusterJobId),
  );
  if (changed((was, after) => seenInRoutes(was) !== seenInRoutes(after)).length > 0)
    await bumpRouteRevision(queries);
  return new Map(written.map((job) => [job.id, job]));
}

/** Whether people are to be told of the next stage. */
function wasBuilding(was: Job, after: Job): boolean {
  return was.building !== after.building;
}

/** Whether it is no longer as it was seen. How it ended depends on whether we had asked it to. */
function hasMoved(now: Job, seen: JobMove['job']): boolean {
  return (
    now.phase !== seen.phase ||
    now.cluster !== seen.cluster ||
    now.endAskedAt !== seen.endAskedAt ||
    now.cancelledAt !== seen.cancelledAt
  );
}

interface Kept {
  readonly row: Readonly<Record<ColumnKey, unknown>> & { readonly id: JobId };
  readonly columns: Columns;
}

/** One statement, whatever is changed in each: what a job keeps is written as it is. */
async function writeAll(queries: Queries, kept: readonly Kept[]): Promise<readonly Job[]> {
  const keys = [...new Set(kept.flatMap(({ columns }) => Object.keys(columns)))] as ColumnKey[];
  if (keys.length === 0) return [];
  const records = kept.map(({ row, columns }) => {
    const values = { ...row, ...columns };
    const fields = keys.map((key) => [jobColumns[key].name, toDriver(key, values[key])]);
    return { id: row.id, ...Object.fromEntries(fields) };
  });
  const set: Partial<Record<ColumnKey, SQL>> = {};
  for (const key of keys) set[key] = sql`moved.${sql.identifier(jobColumns[key].name)}`;
  const written = await queries
    .update(jobs)
    .set(set)
    .from(sql`jsonb_populate_recordset(null::jobs, ${JSON.stringify(records)}::jsonb) as moved`)
    .where(sql`${jobs.id} = moved.id`)
    .returning(jobColumns);
  return written.map((row) => toJob(row));
}

/** Text of JSON in a record would be a string there. */
function toDriver(key: ColumnKey, value: unknown): unknown {
  const column = jobColumns[key];
  if (value === null || value === undefined) return null;
  const driver = column.mapToDriverValue(value);
  return column.getSQLType() === 'jsonb' ? JSON.parse(String(driver)) : driver;
}
