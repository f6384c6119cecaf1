import { type Lease, LeaseLostError } from '@wakefield/control';
import type { ModelId } from '@wakefield/domain';
import { and, eq, sql } from 'drizzle-orm';
import type { Queries } from './database.ts';
import { leases } from './schema/leases.ts';

/** True in SQL while the lease runs, by the database's clock at the moment of looking. */
export const unexpired = sql`${leases.expiresAt} > clock_timestamp()`;

/**
 * Lets a transaction go on only under the lease of its model, and keeps the lease from being taken over
 * before it commits: the shared lock holds up the newcomer's update of the row.
 * @throws LeaseLostError
 */
export async function assertHeld(
  queries: Queries,
  { key, token }: Lease,
  modelId: ModelId,
): Promise<void> {
  if (key !== `model:${modelId}`) throw new Error('the lease is not that of the model');
  const rows = await queries
    .select({ token: leases.token })
    .from(leases)
    .where(and(eq(leases.key, key), eq(leases.token, token), unexpired))
    .for('share');
  if (rows.length === 0) throw new LeaseLostError(key);
}
