import type { LeaseStore } from '@wakefield/control';
import { and, eq, sql } from 'drizzle-orm';
import type { Database } from './database.ts';
import { unexpired } from './fence.ts';
import { leases, leaseTokens } from './schema/leases.ts';

/**
 * Leases in a table. A lease is held while its row carries its token and has not expired; the same holder
 * asking again is refused like anybody else, so that two runs in one process exclude each other.
 */
export function leaseStore(database: Database): LeaseStore {
  return {
    acquire: async (key, holder, ttlMs) => {
      const grant = { holder, token: nextToken, expiresAt: fromNow(ttlMs) };
      const [row] = await database.run((queries) =>
        queries
          .insert(leases)
          .values({ key, ...grant })
          .onConflictDoUpdate({ target: leases.key, set: grant, setWhere: sql`not ${unexpired}` })
          .returning({ token: leases.token }),
      );
      return row === undefined ? null : { key, token: row.token };
    },
    renew: async ({ key, token }, ttlMs) => {
      const rows = await database.run((queries) =>
        queries
          .update(leases)
          .set({ expiresAt: fromNow(ttlMs) })
          .where(and(eq(leases.key, key), eq(leases.token, token), unexpired))
          .returning({ key: leases.key }),
      );
      return rows.length > 0;
    },
    release: async ({ key, token }) => {
      await database.run((queries) =>
        queries.delete(leases).where(and(eq(leases.key, key), eq(leases.token, token))),
      );
    },
  };
}

const nextToken = sql`nextval(${leaseTokens.seqName ?? ''})`;

function fromNow(ttlMs: number) {
  return sql`clock_timestamp() + ${ttlMs} * interval '1 millisecond'`;
}
