import type { JobStore } from '@wakefield/control';
import type { ClusterName, DurationMs, EpochMs, JobId, StartEstimate } from '@wakefield/domain';
import { and, asc, desc, eq, gt, isNotNull, type SQL, sql } from 'drizzle-orm';
import type { Queries } from './database.ts';
import { jobs } from './schema/jobs.ts';

/**
 * Waits of jobs of this shape on the cluster: of the newest that started since, since when those wait that have not
 * started, and how long those had waited that were over since before they started. Conditions are written as the
 * partial indexes are, so that Postgres sees that they fit.
 */
export async function readWaits(
  queries: Queries,
  cluster: ClusterName,
  shape: string,
  since: EpochMs,
  newest: number,
): ReturnType<JobStore['readWaits']> {
  const alike = and(eq(jobs.cluster, cluster), eq(jobs.shape, shape), isNotNull(jobs.submittedAt));
  const started = sql`${jobs.startedAt} is not null`;
  const waiting = sql`${jobs.phase} = 'queued'`;
  const abandoned = sql`${jobs.phase} = 'ended' and ${jobs.startedAt} is null`;
  const read = async (which: SQL, order: SQL) =>
    await queries
      .select({
        submittedAt: jobs.submittedAt,
        startedAt: jobs.startedAt,
        endedAt: jobs.endedAt,
      })
      .from(jobs)
      .where(and(alike, which))
      .orderBy(order)
      .limit(newest);
  const [ran, waits, left] = [
    await read(sql`${started} and ${gt(jobs.startedAt, since)}`, desc(jobs.startedAt)),
    await read(waiting, asc(jobs.submittedAt)),
    await read(sql`${abandoned} and ${gt(jobs.endedAt, since)}`, desc(jobs.endedAt)),
  ];
  return {
    waits: ran.flatMap(({ submittedAt, startedAt }) => between(submittedAt, startedAt)),
    waitingSince: waits.flatMap(({ submittedAt }) => (submittedAt === null ? [] : [submittedAt])),
    abandoned: left.flatMap(({ submittedAt, endedAt }) => between(submittedAt, endedAt)),
  };
}

function between(from: EpochMs | null, to: EpochMs | null): readonly DurationMs[] {
  return from === null || to === null ? [] : [Math.max(0, to - from)];
}

/** What is told of a waiting job's start from now on; what was told first stays known. A job that runs is let be. */
export async function tellStart(
  queries: Queries,
  id: JobId,
  { from, to, source }: StartEstimate,
): Promise<void> {
  const first = sql.param({ from, to, source }, jobs.firstExpected);
  await queries
    .update(jobs)
    .set({
      expectedFrom: from,
      expectedTo: to,
      expectedSource: source,
      firstExpected: sql`coalesce(${jobs.firstExpected}, ${first}::jsonb)`,
    })
    .where(and(eq(jobs.id, id), sql`${jobs.phase} in ('intended', 'queued')`));
}
