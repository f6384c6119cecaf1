import type { CommandInsertion, CommandStore, NewCommand } from '@wakefield/control';
import { and, asc, eq, isNotNull, isNull, lt } from 'drizzle-orm';
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
    listStale: async (acceptedBefore, limit) => {
      const rows = await database.run((queries) =>
        queries
          .select({ id: commands.id })
          .from(commands)
          .where(and(isNull(commands.finishedAt), lt(commands.acceptedAt, acceptedBefore)))
          .orderBy(asc(commands.acceptedAt), asc(commands.id))
          .limit(limit),
      );
      return rows.map(({ id }) => id);
    },
    apply: async (id, now, decide) =>
      isUuid(id)
        ? await database.transaction((queries) => applyCommandRow(queries, id, now, decide))
        : null,
  };
}

async function insert(database: Database, command: NewCommand): Promise<CommandInsertion> {
  const bodyHash = fingerprint([command.project, command.body]);
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
  const [first] = await database.run((queries) =>
    queries
      .select()
      .from(commands)
      .where(
        and(eq(commands.by, command.by), eq(commands.idempotencyKey, command.idempotencyKey ?? '')),
      ),
  );
  if (first === undefined) throw new Error('the command that was in the way is gone');
  return first.bodyHash === bodyHash
    ? { kind: 'replayed', command: toCommand(first) }
    : { kind: 'key_reused' };
}
