import type { UsageQuestion } from '@wakefield/control';
import type { EpochMs, UsageFigures, UsageGroup, UsageKey } from '@wakefield/domain';
import { and, eq, gte, lt, type SQL, sql } from 'drizzle-orm';
import type { Queries } from './database.ts';
import { usageHours } from './schema/usage.ts';

interface Key {
  /** Worked out for every row: nothing but what has to be. */
  readonly grouped: SQL;
  /** Of a group, as it is read. */
  readonly shown: (grouped: SQL) => SQL;
  /** A value of it, to go on behind. */
  readonly bound: (value: string | EpochMs | null) => SQL;
}

/** By bytes, so that a page goes on where the last one ended whatever the database's language is. */
const name = (column: SQL | (typeof usageHours)['model' | 'principal']): Key => ({
  grouped: sql`${column} collate "C"`,
  shown: (grouped) => grouped,
  // A name that is not there is '' in the table.
  bound: (value) => sql`${value ?? ''}::text`,
});
const moment = (grouped: SQL): Key => ({
  grouped,
  shown: (at) => sql`(extract(epoch from ${at}) * 1000)::bigint`,
  bound: (value) => sql`to_timestamp(${Number(value)}::float8 / 1000)`,
});

const keyOf: Readonly<Record<UsageKey, Key>> = {
  model: name(usageHours.model),
  user: name(usageHours.principal),
  day: moment(sql`date_trunc('day', ${usageHours.hour}, 'UTC')`),
  hour: moment(sql`${usageHours.hour}`),
};

/** Sums of whole hours: of one page of groups, and over all of them. */
export async function readSums(
  queries: Queries,
  question: UsageQuestion,
): Promise<{ readonly totals: UsageFigures; readonly groups: readonly UsageGroup[] }> {
  const { project, from, to, principal, groupBy, after, limit } = question;
  const asked = and(
    eq(usageHours.project, project),
    gte(usageHours.hour, from),
    lt(usageHours.hour, to),
    principal === null ? undefined : eq(usageHours.principal, principal),
  );
  const groups = groupBy.length === 0 ? [] : await readGroups(queries, question, asked);
  const isAll = groupBy.length > 0 && after === null && groups.length < limit;
  return { totals: isAll ? sumUp(groups) : await readTotals(queries, asked), groups };
}

async function readTotals(queries: Queries, asked: SQL | undefined): Promise<UsageFigures> {
  const [totals] = await queries.select(figures).from(usageHours).where(asked);
  if (totals === undefined) throw new Error('there is always a row of sums');
  return totals;
}

async function readGroups(
  queries: Queries,
  { groupBy, limit, after }: UsageQuestion,
  asked: SQL | undefined,
): Promise<readonly UsageGroup[]> {
  const keys = groupBy.map((key) => keyOf[key]);
  const grouped = keys.map((key) => key.grouped);
  const shown = list(keys.map((key) => key.shown(key.grouped)));
  const bounds = after?.map((value, index) => keys[index]?.bound(value) ?? sql``) ?? [];
  const rows = await queries
    .select({ keys: sql<(string | number)[]>`json_build_array(${shown})`, ...figures })
    .from(usageHours)
    .where(asked)
    .groupBy(...grouped)
    .having(after === null ? undefined : sql`(${list(grouped)}) > (${list(bounds)})`)
    .orderBy(...grouped)
    .limit(limit);
  return rows.map(({ keys: values, ...sums }) => ({
    ...Object.fromEntries(groupBy.map((key, index) => [key, presented(key, values[index])])),
    figures: sums,
  }));
}

function list(parts: readonly SQL[]): SQL {
  return sql.join([...parts], sql`, `);
}

function presented(key: UsageKey, value: string | number | undefined): string | number | null {
  if (key === 'day' || key === 'hour') return Number(value);
  return value === '' || value === undefined ? null : value;
}

/** Sums of whole numbers are numerics: no number of requests is too large for them, nor for a double here. */
function summed(column: (typeof usageHours)[keyof UsageFigures]): SQL<number> {
  return sql`coalesce(sum(${column}), 0)`.mapWith(Number);
}

const figures = {
  requests: summed(usageHours.requests),
  services: summed(usageHours.services),
  ok: summed(usageHours.ok),
  clientErrors: summed(usageHours.clientErrors),
  serverErrors: summed(usageHours.serverErrors),
  left: summed(usageHours.left),
  lost: summed(usageHours.lost),
  cut: summed(usageHours.cut),
  estimated: summed(usageHours.estimated),
  promptTokens: summed(usageHours.promptTokens),
  completionTokens: summed(usageHours.completionTokens),
  cachedTokens: summed(usageHours.cachedTokens),
  estimatedTokens: summed(usageHours.estimatedTokens),
  durationMs: summed(usageHours.durationMs),
  firstByteMs: summed(usageHours.firstByteMs),
  firstBytes: summed(usageHours.firstBytes),
  heldMs: summed(usageHours.heldMs),
  bytesUp: summed(usageHours.bytesUp),
  bytesDown: summed(usageHours.bytesDown),
} satisfies Record<keyof UsageFigures, SQL<number>>;

function sumUp(groups: readonly UsageGroup[]): UsageFigures {
  const names = Object.keys(figures) as (keyof UsageFigures)[];
  const sumOf = (one: keyof UsageFigures): number =>
    groups.reduce((sum, group) => sum + group.figures[one], 0);
  return Object.fromEntries(names.map((one) => [one, sumOf(one)])) as Record<
    keyof UsageFigures,
    number
  >;
}
