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
          estimated, prompt_tokens, completion_tokens, cached_tokens, duration_ms, first_byte_ms, held_ms,
          service, bytes_up, bytes_down)
        select (f->>0)::uuid, to_timestamp((f->>1)::float8 / 1000), f->>2, f->>3, f->>4, f->>5, (f->>6)::smallint,
          f->>7, (f->>8)::boolean, (f->>9)::boolean, (f->>10)::int, (f->>11)::int, (f->>12)::int, (f->>13)::int,
          (f->>14)::int, (f->>15)::int, (f->>16)::uuid, (f->>17)::bigint, (f->>18)::bigint
        from durable, jsonb_array_elements(${fieldsOf(records)}::jsonb) as f
        on conflict (id) do nothing
        returning *
      ), summed as (
        insert into ${usageHours} as hours (project, hour, model, principal, requests, ok, client_errors,
          server_errors, left_early, lost, cut, estimated, prompt_tokens, completion_tokens, cached_tokens,
          estimated_tokens, duration_ms, first_byte_ms, first_bytes, held_ms, services, bytes_up, bytes_down)
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
          sum(duration_ms), coalesce(sum(first_byte_ms), 0), count(first_byte_ms), sum(held_ms),
          count(service), sum(bytes_up), sum(bytes_down)
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
    ...['services', 'bytes_up', 'bytes_down'],
  ]
    .map((column) => `${column} = hours.${column} + excluded.${column}`)
    .join(', '),
);

/** Without names: it is written for every request of every project. */
function fieldsOf(records: readonly UsageRecord[]): string {
  const json = JSON.stringify(records.map(toFields));
  // What Postgres does not hold is written with an escape, and little else is.
  return json.includes('\\u') ? JSON.stringify(storable(records.map(toFields))) : json;
}

function toFields(record: UsageRecord) {
  const { id, at, project, hfModelId, principal, operation, status, outcome } = record;
  const { streamed, estimated, promptTokens, completionTokens, cachedTokens } = record;
  const { durationMs, firstByteMs, heldMs, service, bytesUp, bytesDown } = record;
  return [
    id,
    at,
    project,
    hfModelId,
    principal,
    operation,
    status,
    outcome,
    streamed,
    estimated,
    whole(promptTokens),
    whole(completionTokens),
    whole(cachedTokens),
    whole(durationMs),
    firstByteMs === null ? null : whole(firstByteMs),
    whole(heldMs),
    service,
    bytesUp,
    bytesDown,
  ];
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
