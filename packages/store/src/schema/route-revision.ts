import { sql } from 'drizzle-orm';
import { bigint, boolean, check, pgTable } from 'drizzle-orm/pg-core';

/** One row: how often something changed that readers of routes can see. */
export const routeRevision = pgTable(
  'route_revision',
  {
    single: boolean('single').primaryKey().default(true),
    revision: bigint('revision', { mode: 'number' }).notNull(),
  },
  (table) => [check('route_revision_single', sql`${table.single}`)],
);
