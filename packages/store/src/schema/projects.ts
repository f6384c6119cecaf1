import { integer, pgTable, primaryKey, unique } from 'drizzle-orm/pg-core';
import { moment, words } from './column-types.ts';

export const projects = pgTable('projects', {
  name: words('name').primaryKey(),
  createdAt: moment('created_at').notNull(),
  updatedAt: moment('updated_at').notNull(),
});

/** Clusters of a project in order of activation; position 0 is its default. */
export const projectClusters = pgTable(
  'project_clusters',
  {
    project: words('project')
      .notNull()
      .references(() => projects.name),
    cluster: words('cluster').notNull(),
    position: integer('position').notNull(),
  },
  (table) => [
    primaryKey({ name: 'project_clusters_pkey', columns: [table.project, table.cluster] }),
    unique('project_clusters_position').on(table.project, table.position),
  ],
);
