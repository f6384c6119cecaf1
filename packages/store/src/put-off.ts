import type { QuietModel } from '@wakefield/control';
import type { EpochMs } from '@wakefield/domain';
import { inArray, sql } from 'drizzle-orm';
import type { Queries } from './database.ts';
import { models } from './schema/models.ts';

/**
 * Puts off the next look at each of these models, unless something was written about it meanwhile: that changes one of
 * the three by which it is known to be the same still.
 */
export async function putOff(queries: Queries, quiet: readonly QuietModel[]): Promise<void> {
  const rows = quiet.map(({ model, state, because, lookAgainAt, lastRequestAt }) => ({
    state,
    because,
    id: model.id,
    generation: model.generation,
    due_count: model.dueCount,
    next_look_at: toTime(model.nextLookAt),
    look_again_at: toTime(lookAgainAt),
    last_request_at: toTime(lastRequestAt ?? null),
  }));
  // In the order in which others lock models, too (`makeDue`): an update by itself locks them as they come.
  await queries
    .select({ id: models.id })
    .from(models)
    .where(
      inArray(
        models.id,
        rows.map(({ id }) => id),
      ),
    )
    .orderBy(models.id)
    .for('update');
  await queries.execute(sql`
    update ${models}
    set next_look_at = quiet.look_again_at, state = quiet.state, because = quiet.because,
        last_request_at = greatest(${models.lastRequestAt}, quiet.last_request_at)
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      as quiet (id uuid, generation int, due_count int, next_look_at timestamptz, look_again_at timestamptz,
        last_request_at timestamptz, state text, because jsonb)
    where ${models.id} = quiet.id and ${models.generation} = quiet.generation
      and ${models.dueCount} = quiet.due_count
      and ${models.nextLookAt} is not distinct from quiet.next_look_at`);
}

function toTime(at: EpochMs | null): string | null {
  return at === null ? null : new Date(Math.ceil(at)).toISOString();
}
