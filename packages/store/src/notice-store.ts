import type { NoticeStore, WaitingNotice } from '@wakefield/control';
import type { EpochMs, Notice, NoticeKey } from '@wakefield/domain';
import { and, asc, eq, isNotNull, lt, lte, min, or, type SQL, sql } from 'drizzle-orm';
import type { Database, Queries } from './database.ts';
import { isUuid } from './rows.ts';
import { serviceNotices } from './schema/service-notices.ts';

const waiting = isNotNull(serviceNotices.nextTryAt);

/** Notices as rows, oldest first by `place`; one that was told or given up has no next try. */
export function noticeStore(database: Database): NoticeStore {
  return {
    listDue: async (now, limit) => {
      const due = min(serviceNotices.nextTryAt);
      const rows = await database.run((queries) =>
        queries
          .select({ id: serviceNotices.serviceId })
          .from(serviceNotices)
          .where(lte(serviceNotices.nextTryAt, now))
          .groupBy(serviceNotices.serviceId)
          .orderBy(asc(due), asc(serviceNotices.serviceId))
          .limit(limit),
      );
      return rows.map(({ id }) => id);
    },
    listWaiting: async (serviceId, limit) => {
      if (!isUuid(serviceId)) return [];
      const rows = await database.run((queries) =>
        queries
          .select()
          .from(serviceNotices)
          .where(and(eq(serviceNotices.serviceId, serviceId), waiting))
          .orderBy(asc(serviceNotices.place))
          .limit(limit),
      );
      return rows.flatMap(toWaiting);
    },
    putOff: async (notice, nextTryAt) => {
      await database.run((queries) =>
        queries
          .update(serviceNotices)
          .set({ nextTryAt, tries: sql`${serviceNotices.tries} + 1` })
          .where(and(is(notice), waiting)),
      );
    },
    settle: async (notice, outcome, now) => {
      await database.run((queries) =>
        queries
          .update(serviceNotices)
          .set({
            ...{ outcome, settledAt: now, nextTryAt: null },
            tries: sql`${serviceNotices.tries} + 1`,
          })
          .where(and(is(notice), waiting)),
      );
    },
    purge: async (settled, at) => {
      const { rowCount } = await database.run((queries) =>
        queries
          .delete(serviceNotices)
          .where(
            or(lt(serviceNotices.settledAt, settled), and(waiting, lt(serviceNotices.at, at))),
          ),
      );
      return rowCount ?? 0;
    },
    oldestWaiting: async () => {
      const [row] = await database.run((queries) =>
        queries
          .select({ at: serviceNotices.at })
          .from(serviceNotices)
          .where(waiting)
          .orderBy(asc(serviceNotices.at))
          .limit(1),
      );
      return row?.at ?? null;
    },
  };
}

function is({ serviceId, kind, seq }: NoticeKey): SQL | undefined {
  return and(
    eq(serviceNotices.serviceId, serviceId),
    eq(serviceNotices.kind, kind),
    eq(serviceNotices.seq, seq),
  );
}

function toWaiting(row: typeof serviceNotices.$inferSelect): readonly WaitingNotice[] {
  const { serviceId, kind, seq, at, facts, tries, nextTryAt } = row;
  return nextTryAt === null ? [] : [{ serviceId, kind, seq, at, facts, tries, nextTryAt }];
}

/** Part of the transaction that writes what they tell of. One that is there stands as it is. */
export async function writeNotices(
  queries: Queries,
  notices: readonly Notice[],
  now: EpochMs,
): Promise<void> {
  if (notices.length === 0) return;
  const rows = notices.map((notice) => ({ ...notice, nextTryAt: now }));
  await queries.insert(serviceNotices).values(rows).onConflictDoNothing();
}
