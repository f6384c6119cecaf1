import type { UsageQuestion } from '@wakefield/control';
import type { UsageFigures, UsageGroup, UsageKey } from '@wakefield/domain';
import { and, eq, gte, lt, type SQL, sql } from 'drizzle-orm';
import type { Queries } from './database.ts';
import { usageHours } from './schema/usage.ts';

/** By bytes, so that a page goes on where the last one ended whatever the database's language is. */
const keyOf: Readonly<Record<UsageKey, SQL<string | number>>> = {
  model: sql`${usageHours.model} collate "C"`,
  user: sql`${usageHours.principal} collate "C"`,
  day: epochMs(sql`date_trunc('day', ${usageHours.hour}, 'UTC')`),
  hour: epochMs(sql`${usageHours.hour}`),
};

/** Sums of whole hours, with two reads of one moment: over all, and of one page of groups. */
export async function readSums(
  queries: Queries,
  question: UsageQuestion,
): Promise<{ readonly totals: UsageFigures; readonly groups: readonly UsageGroup[] }> {
  const { project, from, to, principal, groupBy } = question;
  const asked = and(
    eq(usageHours.project, project),
    gte(usageHours.hour, from),
    lt(usageHours.hour, to),
    principal === null ? undefined : eq(usageHours.principal, principal),
  );
  const [totals] = await queries.select(figures).from(usageHours).where(asked);
  if (totals === undefined) throw new Error('there is always a row of sums');
  const groups = groupBy.length === 0 ? [] : await readGroups(queries, question, asked);
  return { totals, groups };
}

async function readGroups(
  queries: Queries,
  { groupBy, limit, after }: UsageQuestion,
  asked: SQL | undefined,
): Promise<readonly UsageGroup[]> {
  const keys = groupBy.map((key) => keyOf[key]);
  const rows = await queries
    .select({ keys: sql<(string | number)[]>`json_build_array(${list(keys)})`, ...figures })
    .from(usageHours)
    .where(asked)
    .groupBy(...keys)
    .having(after === null ? undefined : sql`(${list(keys)}) > (${list(after.map(bound))})`)
    .orderBy(...keys)
    .limit(limit);
  return rows.map(({ keys: values, ...sums }) => ({
    ...Object.fromEntries(groupBy.map((key, index) => [key, presented(key, values[index])])),
    figures: sums,
  }));
}

function list(parts: readonly SQL[]): SQL {
  return sql.join([...parts], sql`, `);
}

function bound(value: string | number | null): SQL {
  return typeof value === 'number' ? sql`${value}::bigint` : sql`${value ?? ''}::text`;
}

/** A name that is not there is '' in the table. */
function presented(key: UsageKey, value: string | number | undefined): string | number | null {
  if (key === 'day' || key === 'hour') return Number(value);
  return value === '' || value === undefined ? null : value;
}

function epochMs(moment: SQL): SQL<number> {
  return sql`(extract(epoch from ${moment}) * 1000)::bigint`;
}

/** Sums of whole numbers are numerics: no number of requests is too large for them, nor for a double here. */
function summed(column: (typeof usageHours)[keyof UsageFigures]): SQL<number> {
  return sql`coalesce(sum(${column}), 0)`.mapWith(Number);
}

const figures = {
  requests: summed(usageHours.requests),
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
} satisfies Record<keyof UsageFigures, SQL<number>>;
