import type { RequestOutcome } from '@wakefield/domain';
import {
  bigint,
  boolean,
  index,
  integer,
  pgTable,
  primaryKey,
  smallint,
  uuid,
} from 'drizzle-orm/pg-core';
import { moment, words } from './column-types.ts';

/** Nought is what proxies of a release before mean that say nothing of it. */
const late = (name: string) => bigint(name, { mode: 'number' }).notNull().default(0);

/** One row for each request that was let into its project. No foreign keys: it outlives project and model. */
export const usageRecords = pgTable(
  'usage_records',
  {
    id: uuid('id').primaryKey(),
    at: moment('at').notNull(),
    project: words('project').notNull(),
    model: words('model'),
    service: uuid('service'),
    principal: words('principal'),
    operation: words('operation').notNull(),
    status: smallint('status').notNull(),
    outcome: words('outcome').$type<RequestOutcome>().notNull(),
    streamed: boolean('streamed').notNull(),
    estimated: boolean('estimated').notNull(),
    promptTokens: integer('prompt_tokens').notNull(),
    completionTokens: integer('completion_tokens').notNull(),
    cachedTokens: integer('cached_tokens').notNull(),
    durationMs: integer('duration_ms').notNull(),
    firstByteMs: integer('first_byte_ms'),
    heldMs: integer('held_ms').notNull(),
    bytesUp: late('bytes_up'),
    bytesDown: late('bytes_down'),
  },
  // For what is too old. Whoever counts reads the sums.
  (table) => [index('usage_records_at').on(table.at)],
);

const sum = (name: string) => bigint(name, { mode: 'number' }).notNull();

/** Sums of `usage_records` by the hour, written with them. A name that is not there is '', which no key could hold as null. */
export const usageHours = pgTable(
  'usage_hours',
  {
    project: words('project').notNull(),
    /** Its first moment. */
    hour: moment('hour').notNull(),
    model: words('model').notNull(),
    principal: words('principal').notNull(),
    requests: sum('requests'),
    ok: sum('ok'),
    clientErrors: sum('client_errors'),
    serverErrors: sum('server_errors'),
    left: sum('left_early'),
    lost: sum('lost'),
    cut: sum('cut'),
    estimated: sum('estimated'),
    promptTokens: sum('prompt_tokens'),
    completionTokens: sum('completion_tokens'),
    cachedTokens: sum('cached_tokens'),
    estimatedTokens: sum('estimated_tokens'),
    durationMs: sum('duration_ms'),
    firstByteMs: sum('first_byte_ms'),
    firstBytes: sum('first_bytes'),
    heldMs: sum('held_ms'),
    services: late('services'),
    bytesUp: late('bytes_up'),
    bytesDown: late('bytes_down'),
  },
  (table) => [
    primaryKey({
      name: 'usage_hours_pkey',
      columns: [table.project, table.hour, table.model, table.principal],
    }),
    index('usage_hours_hour').on(table.hour),
  ],
);
