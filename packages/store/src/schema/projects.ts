import type { ActivationStep } from '@wakefield/domain';
import { integer, pgTable, primaryKey, unique } from 'drizzle-orm/pg-core';
import { json, moment, words } from './column-types.ts';

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

/** What came of the last try to activate a project on a cluster. A first one that failed has no project. */
export const projectActivations = pgTable(
  'project_activations',
  {
    project: words('project').notNull(),
    cluster: words('cluster').notNull(),
    at: moment('at').notNull(),
    steps: json('steps').$type<readonly ActivationStep[]>().notNull(),
  },
  (table) => [
    primaryKey({ name: 'project_activations_pkey', columns: [table.project, table.cluster] }),
  ],
);
