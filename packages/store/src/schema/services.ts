import type { ServiceSpec, ServiceState } from '@wakefield/domain';
import { sql } from 'drizzle-orm';
import { boolean, check, index, integer, pgTable, uuid } from 'drizzle-orm/pg-core';
import { json, moment, words } from './column-types.ts';
import { projects } from './projects.ts';

/** Desired state, the last plan's verdict on it, and when to look again. */
export const services = pgTable(
  'services',
  {
    /** That of the command that started it. */
    id: uuid('id').primaryKey(),
    project: words('project')
      .notNull()
      .references(() => projects.name),
    cluster: words('cluster').notNull(),
    recipe: words('recipe').notNull(),
    /** Of its whole job. */
    gpuCount: integer('gpu_count').notNull(),
    spec: json('spec').$type<ServiceSpec>().notNull(),

    /** That of its first job: what it is called on the wire. Later ones lead to it, too. */
    clusterJobId: words('cluster_job_id'),

    stopRequested: boolean('stop_requested').notNull(),
    generation: integer('generation').notNull(),
    createdBy: words('created_by').notNull(),
    traceId: words('trace_id').notNull(),
    createdAt: moment('created_at').notNull(),
    updatedAt: moment('updated_at').notNull(),

    state: words('state').$type<ServiceState>().notNull().default('pending'),
    reason: words('reason'),
    because: json('because').$type<readonly string[]>().notNull().default([]),
    nextLookAt: moment('next_look_at'),
    /** How often its jobs made it due: a plan that did not see the last time must not put the look off. */
    dueCount: integer('due_count').notNull().default(0),
  },
  (table) => [
    index('services_by_project').on(table.project, table.createdAt, table.id),
    index('services_by_cluster_job_id').on(table.clusterJobId),
    // The route table has few of many: those that go on, and those that were over lately.
    index('services_live')
      .on(table.id)
      .where(sql`${table.state} not in ('stopped', 'completed', 'failed')`),
    index('services_updated').on(table.updatedAt),
    index('services_due').on(table.nextLookAt).where(sql`${table.nextLookAt} is not null`),
    check(
      'services_state',
      sql`${table.state} in ('pending', 'building', 'starting', 'running', 'stopping', 'stopped', 'completed', 'failed')`,
    ),
  ],
);
