import type { JobStore } from '@wakefield/control';
import type { ClusterName, JobId, StartEstimate } from '@wakefield/domain';
import { and, desc, eq, isNotNull, sql } from 'drizzle-orm';
import type { Queries } from './database.ts';
import { jobs } from './schema/jobs.ts';

/** Waits of the newest started jobs of this shape on the cluster, and since when those wait that have not started. */
export async function readWaits(
  queries: Queries,
  cluster: ClusterName,
  shape: string,
  newest: number,
): ReturnType<JobStore['readWaits']> {
  const alike = and(eq(jobs.cluster, cluster), eq(jobs.shape, shape), isNotNull(jobs.submittedAt));
  const columns = { submittedAt: jobs.submittedAt, startedAt: jobs.startedAt };
  const started = await queries
    .select(columns)
    .from(jobs)
    .where(and(alike, sql`${jobs.startedAt} is not null`))
    .orderBy(desc(jobs.startedAt))
    .limit(newest);
  const waiting = await queries
    .select(columns)
    .from(jobs)
    .where(and(alike, sql`${jobs.phase} <> 'ended'`, eq(jobs.phase, 'queued')))
    .orderBy(jobs.submittedAt)
    .limit(newest);
  return {
    waits: started.flatMap(({ submittedAt, startedAt }) =>
      submittedAt === null || startedAt === null ? [] : [Math.max(0, startedAt - submittedAt)],
    ),
    waitingSince: waiting.flatMap(({ submittedAt }) => (submittedAt === null ? [] : [submittedAt])),
  };
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
