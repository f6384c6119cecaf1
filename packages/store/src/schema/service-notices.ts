import type { NoticeFacts, NoticeKind } from '@wakefield/domain';
import { sql } from 'drizzle-orm';
import { bigserial, check, index, integer, pgTable, primaryKey, uuid } from 'drizzle-orm/pg-core';
import { json, moment, words } from './column-types.ts';

/** What is told of services: written together with what it tells of. Not a foreign key: it outlives the service. */
export const serviceNotices = pgTable(
  'service_notices',
  {
    serviceId: uuid('service_id').notNull(),
    kind: words('kind').$type<NoticeKind>().notNull(),
    /** Of the job in its service; 0: it never had one. */
    seq: integer('seq').notNull(),
    /** The order in which they were written: several may have happened in one moment. */
    place: bigserial('place', { mode: 'number' }).notNull(),
    at: moment('at').notNull(),
    facts: json('facts').$type<NoticeFacts>().notNull(),
    tries: integer('tries').notNull().default(0),
    /** null: it is settled. */
    nextTryAt: moment('next_try_at'),
    outcome: words('outcome').$type<'delivered' | 'given_up'>(),
    settledAt: moment('settled_at'),
  },
  (table) => [
    primaryKey({
      name: 'service_notices_pkey',
      columns: [table.serviceId, table.kind, table.seq],
    }),
    index('service_notices_due').on(table.nextTryAt).where(sql`${table.nextTryAt} is not null`),
    index('service_notices_settled').on(table.settledAt),
    check(
      'service_notices_settled_once',
      sql`num_nulls(${table.outcome}, ${table.settledAt}) = case when ${table.nextTryAt} is null then 0 else 2 end`,
    ),
  ],
);
