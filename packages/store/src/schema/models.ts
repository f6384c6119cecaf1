import type { ModelSpec, ModelState } from '@wakefield/domain';
import { sql } from 'drizzle-orm';
import {
  boolean,
  check,
  doublePrecision,
  index,
  integer,
  pgTable,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import { json, moment, words } from './column-types.ts';
import { projects } from './projects.ts';

/** Desired state, the last plan's verdict on it, and when to look again. */
export const models = pgTable(
  'models',
  {
    id: uuid('id').primaryKey(),
    project: words('project')
      .notNull()
      .references(() => projects.name),
    hfModelId: words('hf_model_id').notNull(),
    cluster: words('cluster').notNull(),

    engine: words('engine').notNull(),
    gpuCount: integer('gpu_count').notNull(),
    walltimeSeconds: integer('walltime_seconds').notNull(),
    walltimeRatio: doublePrecision('walltime_ratio').notNull(),
    idleTimeoutSeconds: integer('idle_timeout_seconds').notNull(),
    autoscale: boolean('autoscale').notNull(),
    isRefreshing: boolean('is_refreshing').notNull(),
    /** The cluster that was asked for by name; null: the project's default. */
    specCluster: words('spec_cluster'),
    otherClusters: json('other_clusters').$type<ModelSpec['otherClusters']>().notNull().default([]),
    minReplicas: integer('min_replicas').notNull().default(0),
    maxReplicas: integer('max_replicas').notNull(),
    engineArgs: json('engine_args').$type<ModelSpec['engineArgs']>().notNull(),
    resources: json('resources').$type<ModelSpec['resources']>().notNull(),
    timeouts: json('timeouts').$type<ModelSpec['timeouts']>().notNull().default({
      connectSeconds: null,
      firstByteSeconds: null,
      betweenBytesSeconds: null,
      totalSeconds: null,
    }),
    /** By default that of domain, which the migration tool cannot read. */
    routing: json('routing')
      .$type<ModelSpec['routing']>()
      .notNull()
      .default({ policy: 'least_load', sessionHeader: 'x-session-id', weights: {} }),
    limits: json('limits')
      .$type<ModelSpec['limits']>()
      .notNull()
      .default({ requestsPerMinute: null, tokensPerMinute: null, concurrentRequests: null }),

    revision: integer('revision').notNull(),
    generation: integer('generation').notNull(),
    registered: boolean('registered').notNull(),
    stopRequested: boolean('stop_requested').notNull(),
    idle: boolean('idle').notNull(),
    replicas: integer('replicas').notNull(),
    replicasChangedAt: moment('replicas_changed_at'),
    surplusSince: moment('surplus_since'),
    lastWakeupAt: moment('last_wakeup_at'),
    lastRequestAt: moment('last_request_at'),
    traceId: words('trace_id').notNull(),
    createdAt: moment('created_at').notNull(),
    updatedAt: moment('updated_at').notNull(),

    state: words('state').$type<ModelState>().notNull().default('not_loaded'),
    reason: words('reason'),
    because: json('because').$type<readonly string[]>().notNull().default([]),
    expectedReadyFrom: moment('expected_ready_from'),
    expectedReadyTo: moment('expected_ready_to'),
    nextLookAt: moment('next_look_at'),
    /** How often its jobs made it due: a plan that did not see the last time must not put the look off. */
    dueCount: integer('due_count').notNull().default(0),
  },
  (table) => [
    uniqueIndex('models_project_hf_model_id').on(table.project, table.hfModelId),
    index('models_due').on(table.nextLookAt).where(sql`${table.nextLookAt} is not null`),
    check(
      'models_expected_ready',
      sql`(${table.expectedReadyFrom} is null) = (${table.expectedReadyTo} is null)`,
    ),
    index('models_unregistered').on(table.id).where(sql`not ${table.registered}`),
  ],
);
