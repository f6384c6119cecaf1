import { boolean, pgTable } from 'drizzle-orm/pg-core';
import { moment, words } from './column-types.ts';

/** What the observer last knew of each cluster. */
export const clusters = pgTable('clusters', {
  name: words('name').primaryKey(),
  reachable: boolean('reachable').notNull(),
  observedAt: moment('observed_at'),
  error: words('error'),
  nextLookAt: moment('next_look_at'),
});
