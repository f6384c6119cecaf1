import type { CommandBody, CommandOutcome } from '@wakefield/domain';
import { sql } from 'drizzle-orm';
import { bigserial, index, pgTable, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { json, moment, words } from './column-types.ts';

/** Every accepted wish, with its outcome: queue, idempotency record and audit trail in one. */
export const commands = pgTable(
  'commands',
  {
    id: uuid('id').primaryKey(),
    /** The order of acceptance. `accepted_at` is each process's own clock, and clocks differ. */
    seq: bigserial('seq', { mode: 'number' }).notNull(),
    project: words('project').notNull(),
    body: json('body').$type<CommandBody>().notNull(),
    /** SHA-256 over project and body, by which a repeated idempotency key is told from a reused one. */
    bodyHash: words('body_hash').notNull(),
    by: words('by').notNull(),
    idempotencyKey: words('idempotency_key'),
    traceId: words('trace_id').notNull(),
    acceptedAt: moment('accepted_at').notNull(),
    outcome: json('outcome').$type<CommandOutcome>(),
    finishedAt: moment('finished_at'),
    /** The model that it touched. Not a foreign key: the record outlives the model. */
    modelId: uuid('model_id'),
    /** The service that it touched, likewise. */
    serviceId: uuid('service_id'),
  },
  (table) => [
    uniqueIndex('commands_idempotency_key')
      .on(table.by, table.idempotencyKey)
      .where(sql`${table.idempotencyKey} is not null`),
    index('commands_by_project').on(table.project, table.seq),
    index('commands_unfinished').on(table.acceptedAt).where(sql`${table.finishedAt} is null`),
    index('commands_finished').on(table.finishedAt).where(sql`${table.finishedAt} is not null`),
  ],
);
