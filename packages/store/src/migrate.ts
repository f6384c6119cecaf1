import { join } from 'node:path';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate as runMigrations } from 'drizzle-orm/node-postgres/migrator';
import pg from 'pg';
import { DriverError, isDriverError, toStoreError } from './store-error.ts';

/** Any constant of our own: processes that migrate the same database wait for each other on it. */
const LOCK = 0x77616b65;
const CONNECT_TIMEOUT_MS = 10_000;

/**
 * Brings the database to the newest schema. Safe to call from several processes at once, and again.
 * @throws AppError `store_unavailable`, StoreError when a migration does not apply
 */
export async function migrate(databaseUrl: string): Promise<void> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: 'wakefield-migrate',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  });
  // Errors reach the statement that is under way; without a listener they would end the process besides.
  client.on('error', () => undefined);
  try {
    await client.connect();
    // The lock goes with the session, so that a killed process leaves none behind.
    await client.query('select pg_advisory_lock($1)', [LOCK]);
    await runMigrations(drizzle(client), {
      migrationsFolder: migrationsFolder(),
      migrationsSchema: 'public',
      migrationsTable: 'schema_migrations',
    });
  } catch (error) {
    throw toStoreError(isDriverError(error) ? error : new DriverError(error));
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Where the SQL lies, seen from `src` and from `dist` alike. */
export function migrationsFolder(): string {
  return join(import.meta.dirname, '..', 'migrations');
}
