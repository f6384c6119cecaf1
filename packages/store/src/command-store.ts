import type { CommandInsertion, CommandStore, KeyedWish, NewCommand } from '@wakefield/control';
import type { CommandId } from '@wakefield/domain';
import { and, asc, desc, eq, isNotNull, isNull, lt, type SQL, sql } from 'drizzle-orm';
import { applyCommandRow } from './apply-command-row.ts';
import type { Database } from './database.ts';
import { fingerprint } from './fingerprint.ts';
import { isUuid, toCommand } from './rows.ts';
import { commands } from './schema/commands.ts';

export function commandStore(database: Database): CommandStore {
  return {
    insert: async (command) => await insert(database, command),
    get: async (id) => {
      if (!isUuid(id)) return null;
      const [row] = await database.run((queries) =>
        queries.select().from(commands).where(eq(commands.id, id)),
      );
      return row === undefined ? null : toCommand(row);
    },
    replay: async (wish) => await replay(database, wish),
    listForProject: async (project, { limit, after }) => {
      const rows = await database.run((queries) =>
        queries
          .select()
          .from(commands)
          .where(and(eq(commands.project, project), after === null ? undefined : olderThan(after)))
          .orderBy(desc(commands.seq))
          .limit(limit),
      );
      return rows.map(toCommand);
    },
    listUnfinishedBefore: async ({ id, project }, limit) => {
      const rows = await database.run((queries) =>
        queries
          .select()
          .from(commands)
          .where(and(eq(commands.project, project), isNull(commands.finishedAt), olderThan(id)))
          .orderBy(asc(commands.seq))
          .limit(limit),
      );
      return rows.map(toCommand);
    },
    listStale: async (acceptedBefore, limit) => {
      const rows = await database.run((queries) =>
        queries
          .select({ id: commands.id })
          .from(commands)
          .where(and(isNull(commands.finishedAt), lt(commands.acceptedAt, acceptedBefore)))
          .orderBy(asc(commands.seq))
          .limit(limit),
      );
      return rows.map(({ id }) => id);
    },
    purgeFinished: async (before) => {
      const { rowCount } = await database.run((queries) =>
        queries.delete(commands).where(lt(commands.finishedAt, before)),
      );
      return rowCount ?? 0;
    },
    apply: async (id, now, decide) =>
      isUuid(id)
        ? await database.transaction((queries) => applyCommandRow(queries, id, now, decide))
        : null,
  };
}

/** Nothing is older than a command that is not there. */
function olderThan(id: CommandId): SQL {
  if (!isUuid(id)) return sql`false`;
  return sql`${commands.seq} < (
    select earlier.seq from ${commands} as earlier where earlier.id = ${id}
  )`;
}

async function insert(
  database: Database,
  { asked, ...command }: NewCommand,
): Promise<CommandInsertion> {
  const { project, by, body, idempotencyKey } = command;
  const bodyHash = fingerprint([project, asked ?? body]);
  const [inserted] = await database.run((queries) =>
    queries
      .insert(commands)
      .values({ ...command, bodyHash })
      .onConflictDoNothing({
        target: [commands.by, commands.idempotencyKey],
        where: isNotNull(commands.idempotencyKey),
      })
      .returning(),
  );
  if (inserted !== undefined) return { kind: 'inserted', command: toCommand(inserted) };
  const earlier = { by, idempotencyKey: idempotencyKey ?? '', asked: asked ?? body };
  const first = await replay(database, earlier);
  if (first === null) throw new Error('the command that was in the way is gone');
  return first.kind === 'replayed' && first.command.project !== project
    ? { kind: 'key_reused' }
    : first;
}

/** Of the project in which it was: who names none may have another one by now. */
async function replay(
  database: Database,
  { by, idempotencyKey, asked }: KeyedWish,
): ReturnType<CommandStore['replay']> {
  const [first] = await database.run((queries) =>
    queries
      .select()
      .from(commands)
      .where(and(eq(commands.by, by), eq(commands.idempotencyKey, idempotencyKey))),
  );
  if (first === undefined) return null;
  return first.bodyHash === fingerprint([first.project, asked])
    ? { kind: 'replayed', command: toCommand(first) }
    : { kind: 'key_reused' };
}
