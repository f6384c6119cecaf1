import type { ServiceStore } from '@wakefield/control';
import { and, count, eq, isNotNull, sql } from 'drizzle-orm';
import type { Database } from './database.ts';
import { jobs } from './schema/jobs.ts';
import { services } from './schema/services.ts';

/** Figures of all services, for metrics. */
export function serviceFigures(database: Database): Pick<ServiceStore, 'count' | 'listEnds'> {
  return {
    count: async () =>
      await database.run((queries) =>
        queries
          .select({ project: services.project, state: services.state, count: count() })
          .from(services)
          .groupBy(services.project, services.state),
      ),
    listEnds: async () => {
      const rows = await database.run((queries) =>
        queries
          .select({ id: services.id, project: services.project, endsAt: jobs.endsAt })
          .from(jobs)
          .innerJoin(services, eq(services.id, jobs.serviceId))
          .where(
            and(
              sql`${jobs.phase} in ('starting', 'ready')`,
              isNotNull(jobs.endsAt),
              sql`not ${services.stopRequested} and not (${services.spec}->>'keep')::boolean`,
            ),
          ),
      );
      return rows.flatMap(({ endsAt, ...row }) => (endsAt === null ? [] : [{ ...row, endsAt }]));
    },
  };
}
