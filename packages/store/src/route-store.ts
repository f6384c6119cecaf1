import type { RouteStore } from '@wakefield/control';
import {
  defaultPolicy,
  type Endpoint,
  type JobId,
  type ModelId,
  type Route,
  servesUntil,
  withoutLog,
} from '@wakefield/domain';
import { asc, eq, sql } from 'drizzle-orm';
import type { Database, Queries } from './database.ts';
import { mayServe, toAddress, toExpectation } from './rows.ts';
import { jobs } from './schema/jobs.ts';
import { models } from './schema/models.ts';
import { projects } from './schema/projects.ts';
import { routeRevision } from './schema/route-revision.ts';
import { readServiceRoutes } from './service-routes.ts';

export function routeStore(database: Database): RouteStore {
  return {
    revision: async () => await database.run(readRevision),
    load: async () =>
      await database.snapshot(async (queries) => {
        const revision = await readRevision(queries);
        const names = await queries.select({ name: projects.name }).from(projects);
        const { endpoints, serving } = await readServing(queries);
        return {
          revision,
          projects: names.map(({ name }) => name).sort(),
          routes: await readRoutes(queries, endpoints),
          services: await readServiceRoutes(queries),
          serving,
        };
      }),
  };
}

/** @throws Error when the single row is missing: the database was never migrated to the end */
export async function readRevision(queries: Queries): Promise<number> {
  const [row] = await queries.select({ revision: routeRevision.revision }).from(routeRevision);
  if (row === undefined) throw new Error('the route revision has no row');
  return row.revision;
}

async function readRoutes(
  queries: Queries,
  endpoints: Serving['endpoints'],
): Promise<readonly Route[]> {
  const rows = await queries
    .select({
      modelId: models.id,
      project: models.project,
      hfModelId: models.hfModelId,
      engine: models.engine,
      state: models.state,
      idle: models.idle,
      reason: models.reason,
      expectedReadyFrom: models.expectedReadyFrom,
      expectedReadyTo: models.expectedReadyTo,
      routing: models.routing,
      createdAt: models.createdAt,
      timeouts: models.timeouts,
      limits: models.limits,
    })
    .from(models)
    .where(eq(models.registered, true))
    .orderBy(asc(models.project), asc(models.hfModelId));
  return rows.map(({ reason, expectedReadyFrom, expectedReadyTo, routing, ...row }) => ({
    ...row,
    reason: reason === null ? null : withoutLog(reason),
    expectedReady: toExpectation(expectedReadyFrom, expectedReadyTo),
    routing: { policy: routing.policy, sessionHeader: routing.sessionHeader },
    endpoints: (endpoints.get(row.modelId) ?? []).map((endpoint) => ({
      ...endpoint,
      weight: routing.weights[endpoint.cluster] ?? 1,
    })),
  }));
}

interface Serving {
  /** Without what their models say of them. */
  readonly endpoints: ReadonlyMap<ModelId, readonly Omit<Endpoint, 'weight'>[]>;
  readonly serving: readonly JobId[];
}

async function readServing(queries: Queries): Promise<Serving> {
  const rows = await queries
    .select({
      modelId: jobs.modelId,
      jobId: jobs.id,
      cluster: jobs.cluster,
      phase: jobs.phase,
      readyAt: jobs.readyAt,
      host: jobs.addressHost,
      port: jobs.addressPort,
      engineKey: jobs.engineKey,
      capacity: jobs.capacity,
      startedAt: jobs.startedAt,
      endsAt: jobs.endsAt,
      walltimeSeconds: jobs.walltimeSeconds,
    })
    .from(jobs)
    .where(sql`${jobs.phase} in ('starting', 'ready', 'draining')`)
    .orderBy(asc(jobs.modelId), asc(jobs.seq));
  const endpoints = new Map<ModelId, Omit<Endpoint, 'weight'>[]>();
  const serving: JobId[] = [];
  for (const { modelId, jobId, cluster, engineKey, capacity, ...job } of rows) {
    const address = toAddress(job.host, job.port);
    if (mayServe({ ...job, address })) serving.push(jobId);
    if (job.phase !== 'ready' || address === null || modelId === null) continue;
    const until = servesUntil(job, defaultPolicy);
    const ofModel = endpoints.get(modelId) ?? [];
    endpoints.set(modelId, ofModel);
    ofModel.push({ jobId, cluster, address, engineKey, capacity, servesUntil: until });
  }
  return { endpoints, serving };
}
