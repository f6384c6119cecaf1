import type { JobOutcome, JobPhase, StartEstimate } from '@wakefield/domain';
import { sql } from 'drizzle-orm';
import { boolean, check, index, integer, pgTable, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { json, moment, words } from './column-types.ts';
import { models } from './models.ts';
import { services } from './services.ts';

export const jobs = pgTable(
  'jobs',
  {
    id: uuid('id').primaryKey(),
    /** A job is of a model or of a service. */
    modelId: uuid('model_id').references(() => models.id),
    serviceId: uuid('service_id').references(() => services.id),
    project: words('project').notNull(),
    cluster: words('cluster').notNull(),
    seq: integer('seq').notNull(),
    name: words('name').notNull(),
    revision: integer('revision').notNull(),
    phase: words('phase').$type<JobPhase>().notNull(),
    outcome: words('outcome').$type<JobOutcome>(),
    reason: words('reason'),
    /** Not a foreign key: the predecessor's row is purged in its own time. */
    successorOf: uuid('successor_of'),
    rivalOf: uuid('rival_of'),
    walltimeSeconds: integer('walltime_seconds').notNull(),
    /**
     * GPUs of the whole job as it was launched: its model may ask for others by now. Part of what room is counted by,
     * never of a Job. What an older scheduler writes has the default.
     */
    gpuCount: integer('gpu_count').notNull().default(1),
    shape: words('shape').notNull().default(''),
    clusterJobId: words('cluster_job_id'),
    node: words('node'),
    addressHost: words('address_host'),
    addressPort: integer('address_port'),
    capacity: integer('capacity'),
    intendedAt: moment('intended_at').notNull(),
    submittedAt: moment('submitted_at'),
    forecastAt: moment('forecast_at'),
    expectedFrom: moment('expected_from'),
    expectedTo: moment('expected_to'),
    expectedSource: words('expected_source').$type<StartEstimate['source']>(),
    firstExpected: json('first_expected').$type<StartEstimate>(),
    startedAt: moment('started_at'),
    endsAt: moment('ends_at'),
    building: boolean('building').notNull().default(false),
    nodeLeaving: boolean('node_leaving').notNull().default(false),
    readyAt: moment('ready_at'),
    drainUntil: moment('drain_until'),
    endAskedAt: moment('end_asked_at'),
    cancelledAt: moment('cancelled_at'),
    endedAt: moment('ended_at'),
    /** Secret. Read by `engineKey` and by the route table alone; never part of a Job. */
    engineKey: words('engine_key').notNull(),
  },
  (table) => [
    uniqueIndex('jobs_model_seq').on(table.modelId, table.seq),
    uniqueIndex('jobs_service_seq').on(table.serviceId, table.seq),
    index('jobs_by_cluster_job_id')
      .on(table.clusterJobId)
      .where(sql`${table.serviceId} is not null`),
    uniqueIndex('jobs_name').on(table.name),
    index('jobs_live_by_cluster').on(table.cluster).where(sql`${table.phase} <> 'ended'`),
    index('jobs_live_by_model').on(table.modelId).where(sql`${table.phase} <> 'ended'`),
    index('jobs_waited')
      .on(table.cluster, table.shape, table.startedAt)
      .where(sql`${table.startedAt} is not null`),
    index('jobs_waiting')
      .on(table.cluster, table.shape, table.submittedAt)
      .where(sql`${table.phase} = 'queued'`),
    index('jobs_abandoned')
      .on(table.cluster, table.shape, table.endedAt)
      .where(sql`${table.phase} = 'ended' and ${table.startedAt} is null`),
    index('jobs_ended').on(table.endedAt).where(sql`${table.phase} = 'ended'`),
    index('jobs_ended_by_cluster')
      .on(table.modelId, table.cluster, table.seq)
      .where(sql`${table.phase} = 'ended'`),
    index('jobs_ended_by_model').on(table.modelId, table.seq).where(sql`${table.phase} = 'ended'`),
    check(
      'jobs_phase',
      sql`${table.phase} in ('intended', 'queued', 'starting', 'ready', 'draining', 'ended')`,
    ),
    check(
      'jobs_expected',
      sql`num_nulls(${table.expectedFrom}, ${table.expectedTo}, ${table.expectedSource}) in (0, 3)`,
    ),
    check('jobs_owner', sql`num_nonnulls(${table.modelId}, ${table.serviceId}) = 1`),
    check('jobs_address', sql`(${table.addressHost} is null) = (${table.addressPort} is null)`),
    // Purging goes by this date: an ended row without it would stay for ever.
    check('jobs_ended_at', sql`${table.phase} <> 'ended' or ${table.endedAt} is not null`),
  ],
);
