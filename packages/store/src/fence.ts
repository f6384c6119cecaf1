import { type Lease, LeaseLostError } from '@wakefield/control';
import type { ClusterName, Job, ModelId, ServiceId } from '@wakefield/domain';
import { and, eq, sql } from 'drizzle-orm';
import type { Queries } from './database.ts';
import { leases } from './schema/leases.ts';

/** True in SQL while the lease runs, by the database's clock at the moment of looking. */
export const unexpired = sql`${leases.expiresAt} > clock_timestamp()`;

export const modelKey = (id: ModelId): string => `model:${id}`;
export const serviceKey = (id: ServiceId): string => `service:${id}`;
export const noticesKey = (id: ServiceId): string => `notices:${id}`;
export const clusterKey = (name: ClusterName): string => `cluster:${name}`;

/** Of whom a job is. */
export function ownerKey({ modelId, serviceId }: Pick<Job, 'modelId' | 'serviceId'>): string {
  if (modelId !== null) return modelKey(modelId);
  if (serviceId !== null) return serviceKey(serviceId);
  throw new Error('a job of nobody');
}

/**
 * Lets a transaction go on only under a lease of what it writes to, and keeps the lease from being taken over
 * before it commits: the shared lock holds up the newcomer's update of the row.
 * @param keys of the leases that do
 * @throws LeaseLostError
 */
export async function assertHeld(
  queries: Queries,
  lease: Lease,
  keys: readonly string[],
): Promise<void> {
  assertCovers(lease, keys);
  await lockLease(queries, lease);
}

/** For whoever learns only from a row which leases do: leases are locked before the rows that are written under them. */
export function assertCovers({ key }: Lease, keys: readonly string[]): void {
  if (!keys.includes(key)) throw new Error(`a lease on ${key} is none on ${keys.join(' or ')}`);
}

/** @throws LeaseLostError */
export async function lockLease(queries: Queries, { key, token }: Lease): Promise<void> {
  const rows = await queries
    .select({ token: leases.token })
    .from(leases)
    .where(and(eq(leases.key, key), eq(leases.token, token), unexpired))
    .for('share');
  if (rows.length === 0) throw new LeaseLostError(key);
}
