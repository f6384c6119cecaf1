import { AppError, type EpochMs, type UsageGroup, type UsageKey } from '@wakefield/domain';

type Values = readonly (string | EpochMs | null)[];

/** Where the next page begins: the values by which a group is told apart, as one word. */
export function cursorOf(groupBy: readonly UsageKey[], group: UsageGroup): string {
  const values: Values = groupBy.map((key) => group[key] ?? null);
  return Buffer.from(JSON.stringify(values)).toString('base64url');
}

/** @throws AppError `invalid_request` where it is not one of ours, or one of another `group_by` */
export function readCursor(groupBy: readonly UsageKey[], after: string | undefined): Values | null {
  if (after === undefined) return null;
  const values = parse(after);
  const fits =
    values.length > 0 &&
    values.length === groupBy.length &&
    groupBy.every((key, index) => isValueOf(key, values[index]));
  if (!fits) {
    throw new AppError(
      'invalid_request',
      'after must be the `X-Next-After` of a page with the same group_by.',
      { param: 'after' },
    );
  }
  return values as Values;
}

function isValueOf(key: UsageKey, value: unknown): boolean {
  if (key === 'day' || key === 'hour') return Number.isSafeInteger(value);
  // No name that Postgres holds has a NUL in it.
  return value === null || (typeof value === 'string' && !value.includes('\0'));
}

function parse(after: string): readonly unknown[] {
  try {
    const values: unknown = JSON.parse(Buffer.from(after, 'base64url').toString('utf8'));
    return Array.isArray(values) ? values : [];
  } catch {
    return [];
  }
}
