import { sql } from 'drizzle-orm';
import type { Queries } from './database.ts';
import { routeRevision } from './schema/route-revision.ts';

/**
 * Counts a change that readers of routes can see. The last write of its transaction: everybody who changes
 * routes waits for this row, and whoever reads revision n sees all changes up to n.
 */
export async function bumpRouteRevision(queries: Queries): Promise<void> {
  await queries.update(routeRevision).set({ revision: sql`${routeRevision.revision} + 1` });
}
