import { UnfitRecordsError, type UsageStore } from '@wakefield/control';
import type { UsageRecord } from '@wakefield/domain';
import { type SQL, sql } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';
import type { Database } from './database.ts';
import { usageHours, usageRecords } from './schema/usage.ts';
import { storable } from './storable.ts';
import { StoreError } from './store-error.ts';
import { readSums } from './usage-sums.ts';

/** Data exceptions and violated constraints (PostgreSQL manual, appendix A): the same again would fail again. */
const UNFIT = /^2[23]/;
const MOST = 2 ** 31 - 1;

export function usageStore(database: Database): UsageStore {
  return {
    add: async (records) => await refusing(() => add(database, records)),
    sums: async (question) => await database.snapshot((queries) => readSums(queries, question)),
    purgeRecords: async (before, limit) =>
      await purge(database, usageRecords, sql`${usageRecords.at} < ${toTime(before)}`, limit),
    purgeSums: async (before, limit) =>
      await purge(database, usageHours, sql`${usageHours.hour} < ${toTime(before)}`, limit),
  };
}

/**
 * One statement, so that records and sums are there together or not at all; only what was new is summed. Sums are
 * locked in the order of their keys: two that add at the same time wait for each other at most. Nobody keeps what was
 * committed here, so the commit has to be on a disk, whatever the database does by default.
 */
async function add(database: Database, records: readonly UsageRecord[]): Promise<number> {
  if (records.length === 0) return 0;
  const { rows } = await database.run((queries) =>
    queries.execute<{ readonly added: number }>(sql`
      with durable as materialized (
        select set_config('synchronous_commit', case current_setting('synchronous_commit')
          when 'off' then 'local' else current_setting('synchronous_commit') end, true)
      ), fresh as (
        insert into ${usageRecords} (id, at, project, model, principal, operation, status, outcome, streamed,
          estimated, prompt_tokens, completion_tokens, cached_tokens, duration_ms, first_byte_ms, held_ms)
        select id, at, project, model, principal, operation, status, outcome, streamed,
          estimated, prompt_tokens, completion_tokens, cached_tokens, duration_ms, first_byte_ms, held_ms
        from durable, jsonb_to_recordset(${JSON.stringify(records.map(toRow))}::jsonb)
          as given (id uuid, at timestamptz, project text, model text, principal text, operation text,
            status smallint, outcome text, streamed boolean, estimated boolean, prompt_tokens int,
            completion_tokens int, cached_tokens int, duration_ms int, first_byte_ms int, held_ms int)
        on conflict (id) do nothing
        returning *
      ), summed as (
        insert into ${usageHours} as hours (project, hour, model, principal, requests, ok, client_errors,
          server_errors, left_early, lost, cut, estimated, prompt_tokens, completion_tokens, cached_tokens,
          estimated_tokens, duration_ms, first_byte_ms, first_bytes, held_ms)
        select project, date_trunc('hour', at, 'UTC') as hour, coalesce(model, '') as model,
          coalesce(principal, '') as principal, count(*),
          count(*) filter (where status between 1 and 399),
          count(*) filter (where status between 400 and 499 and status <> 499),
          count(*) filter (where status >= 500),
          count(*) filter (where status = 499),
          count(*) filter (where status <= 0),
          count(*) filter (where outcome = 'cut'),
          count(*) filter (where estimated),
          sum(prompt_tokens), sum(completion_tokens), sum(cached_tokens),
          coalesce(sum(prompt_tokens::bigint + completion_tokens) filter (where estimated), 0),
          sum(duration_ms), coalesce(sum(first_byte_ms), 0), count(first_byte_ms), sum(held_ms)
        from fresh
        group by 1, 2, 3, 4
        order by 1, 2, 3, 4
        on conflict (project, hour, model, principal) do update set ${grown}
      )
      select count(*)::int as added from fresh`),
  );
  return rows[0]?.added ?? 0;
}

const grown: SQL = sql.raw(
  [
    ...['requests', 'ok', 'client_errors', 'server_errors', 'left_early', 'lost', 'cut'],
    ...['estimated', 'prompt_tokens', 'completion_tokens', 'cached_tokens', 'estimated_tokens'],
    ...['duration_ms', 'first_byte_ms', 'first_bytes', 'held_ms'],
  ]
    .map((column) => `${column} = hours.${column} + excluded.${column}`)
    .join(', '),
);

function toRow(record: UsageRecord) {
  return {
    id: record.id,
    at: toTime(record.at),
    project: storable(record.project),
    model: storable(record.hfModelId),
    principal: storable(record.principal),
    operation: storable(record.operation),
    status: record.status,
    outcome: record.outcome,
    streamed: record.streamed,
    estimated: record.estimated,
    prompt_tokens: whole(record.promptTokens),
    completion_tokens: whole(record.completionTokens),
    cached_tokens: whole(record.cachedTokens),
    duration_ms: whole(record.durationMs),
    first_byte_ms: record.firstByteMs === null ? null : whole(record.firstByteMs),
    held_ms: whole(record.heldMs),
  };
}

/** Engines count what they like. */
function whole(count: number): number {
  return Math.min(MOST, Math.max(0, Math.round(count)));
}

function toTime(at: number): string {
  return new Date(at).toISOString();
}

/** By their place in the table: what is deleted is found once, and a long list of keys is never made. */
async function purge(
  database: Database,
  table: PgTable,
  isOld: SQL,
  limit: number,
): Promise<number> {
  const { rowCount } = await database.run((queries) =>
    queries.execute(sql`
      delete from ${table}
      where ctid = any (array(select ctid from ${table} where ${isOld} limit ${limit}))`),
  );
  return rowCount ?? 0;
}

async function refusing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof StoreError) || !UNFIT.test(error.sqlState)) throw error;
    throw new UnfitRecordsError(`the database takes none of these records (${error.sqlState})`, {
      cause: error,
    });
  }
}
