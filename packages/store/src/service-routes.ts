import {
  isOver,
  type Job,
  type ServiceAccess,
  type ServiceId,
  type ServiceRoute,
  withoutLog,
} from '@wakefield/domain';
import { and, desc, eq, sql } from 'drizzle-orm';
import type { Queries } from './database.ts';
import { isOverService } from './over-services.ts';
import { toAddress } from './rows.ts';
import { jobs } from './schema/jobs.ts';
import { services } from './schema/services.ts';

/** Long enough for whoever asks for what has just come to its end to be told so. */
const OVER_SINCE = sql`now() - interval '1 hour'`;

// Apart, so that each has its index: an hour's services are few beside those that are kept for a week.
const goingOn = sql`select ${services.id} from ${services} where not ${isOverService}`;
const changedLately = sql`select ${services.id} from ${services} where ${services.updatedAt} > ${OVER_SINCE}`;
const endedLately = sql`
  select ${jobs.serviceId} from ${jobs}
  where ${jobs.phase} = 'ended' and ${jobs.endedAt} > ${OVER_SINCE} and ${jobs.serviceId} is not null`;

/** Services as the proxy sees them: those that are not over, or not for long. */
export async function readServiceRoutes(queries: Queries): Promise<readonly ServiceRoute[]> {
  const rows = await queries
    .select({
      serviceId: services.id,
      project: services.project,
      cluster: services.cluster,
      recipe: services.recipe,
      // The rest of it is large, and there is a row for each job.
      model: sql<string | null>`${services.spec}->>'model'`,
      access: sql<ServiceAccess>`${services.spec}->'access'`,
      state: services.state,
      reason: services.reason,
      called: services.clusterJobId,
      jobId: jobs.id,
      jobCluster: jobs.cluster,
      phase: jobs.phase,
      clusterJobId: jobs.clusterJobId,
      host: jobs.addressHost,
      port: jobs.addressPort,
      key: jobs.engineKey,
    })
    .from(services)
    .leftJoin(
      jobs,
      and(
        eq(jobs.serviceId, services.id),
        sql`(${jobs.phase} <> 'ended' or ${jobs.endedAt} > ${OVER_SINCE})`,
      ),
    )
    .where(sql`${services.id} in (${goingOn} union ${changedLately} union ${endedLately})`)
    .orderBy(desc(services.createdAt), desc(services.id), desc(jobs.seq));
  const byService = Map.groupBy(rows, ({ serviceId }) => serviceId);
  return [...byService].flatMap(([serviceId, ofService]) => routeOf(serviceId, ofService));
}

type Row = Omit<ServiceRoute, 'clusterJobIds' | 'endpoint'> & {
  readonly called: string | null;
  readonly jobId: string | null;
  readonly jobCluster: string | null;
  readonly phase: Job['phase'] | null;
  readonly clusterJobId: string | null;
  readonly host: string | null;
  readonly port: number | null;
  readonly key: string | null;
};

function routeOf(serviceId: ServiceId, rows: readonly Row[]): readonly ServiceRoute[] {
  const [first] = rows;
  if (first === undefined) return [];
  const { project, cluster, state, recipe, model, access, reason, called } = first;
  const ids = rows.flatMap(({ clusterJobId }) => clusterJobId ?? []);
  return [
    {
      ...{ serviceId, project, cluster, state, recipe, model, access },
      reason: reason === null || !isOver(state) ? null : withoutLog(reason),
      clusterJobIds: [...new Set(called === null ? ids : [...ids, called])],
      endpoint: rows.map(endpointOf).find((endpoint) => endpoint !== null) ?? null,
    },
  ];
}

/** Of the newest job that is ready. */
function endpointOf({ jobId, jobCluster, phase, host, port, key }: Row): ServiceRoute['endpoint'] {
  const address = toAddress(host, port);
  if (phase !== 'ready' || address === null) return null;
  return jobId === null || jobCluster === null || key === null
    ? null
    : { jobId, cluster: jobCluster, address, key };
}
