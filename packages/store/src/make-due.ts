import type { Job } from '@wakefield/domain';
import { inArray, sql } from 'drizzle-orm';
import type { Queries } from './database.ts';
import { models } from './schema/models.ts';
import { services } from './schema/services.ts';

/**
 * The models and services of these jobs are due at once, before everything that is only late; counted, for the plan that
 * is being made without knowing it.
 */
export async function makeOwnersDue(
  queries: Queries,
  moved: readonly Pick<Job, 'modelId' | 'serviceId'>[],
): Promise<void> {
  const ofModels = new Set(moved.flatMap(({ modelId }) => modelId ?? []));
  const ofServices = new Set(moved.flatMap(({ serviceId }) => serviceId ?? []));
  if (ofModels.size > 0) await makeDue(queries, models, [...ofModels]);
  if (ofServices.size > 0) await makeDue(queries, services, [...ofServices]);
}

async function makeDue(
  queries: Queries,
  table: typeof models | typeof services,
  ids: readonly string[],
): Promise<void> {
  // In one order, so that two that move jobs of the same ones do not wait for each other.
  const locked = queries
    .select({ id: table.id })
    .from(table)
    .where(inArray(table.id, [...ids]))
    .orderBy(table.id)
    .for('update');
  await queries
    .update(table)
    .set({ nextLookAt: 0, dueCount: sql`${table.dueCount} + 1` })
    .where(inArray(table.id, locked));
}
