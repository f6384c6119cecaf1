import type { ClusterBounds } from '@wakefield/domain';
import { boolean, integer, pgTable } from 'drizzle-orm/pg-core';
import { json, moment, words } from './column-types.ts';

/** What the observer last knew of each cluster. */
export const clusters = pgTable('clusters', {
  name: words('name').primaryKey(),
  reachable: boolean('reachable').notNull(),
  observedAt: moment('observed_at'),
  error: words('error'),
  /** When the first of those looks failed that have failed in a row. */
  silentSince: moment('silent_since'),
  silentLooks: integer('silent_looks').notNull().default(0),
  nextLookAt: moment('next_look_at'),
  /** The most that one job may ask of it; null: nobody has asked it yet, or it did not say. */
  bounds: json('bounds').$type<ClusterBounds>(),
});
