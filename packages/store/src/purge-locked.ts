import { and, inArray, type SQL, sql } from 'drizzle-orm';
import type { Queries } from './database.ts';
import { leases } from './schema/leases.ts';
import type { models } from './schema/models.ts';
import type { services } from './schema/services.ts';

/**
 * Ids of rows that nobody works on at this moment, locked until the transaction ends.
 * @param doomed what makes a row one to be deleted
 */
export async function lockDoomed(
  queries: Queries,
  table: typeof models | typeof services,
  doomed: SQL | undefined,
): Promise<readonly string[]> {
  const ids = { id: table.id };
  const locked = await queries
    .select(ids)
    .from(table)
    .where(doomed)
    .for('update', { skipLocked: true });
  if (locked.length === 0) return [];
  // Asked again: a job may have been intended before the lock, but after the lock none can be.
  const lockedIds = locked.map(({ id }) => id);
  const rows = await queries
    .select(ids)
    .from(table)
    .where(and(inArray(table.id, lockedIds), doomed));
  return rows.map(({ id }) => id);
}

/** Deletes the leases of what is deleted. One that runs goes by itself. */
export async function deleteLeases(queries: Queries, keys: readonly string[]): Promise<void> {
  await queries
    .delete(leases)
    .where(and(inArray(leases.key, [...keys]), sql`${leases.expiresAt} <= clock_timestamp()`));
}
