import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import pg from 'pg';
import { DriverError, isBroken, isDriverError, isRepeatable, toStoreError } from './store-error.ts';

/** Where statements are built and run: the pool, or one transaction. */
export type Queries = NodePgDatabase;

export interface DatabaseOptions {
  readonly databaseUrl: string;
  /** Connections at most. */
  readonly poolSize: number;
  /** Shown in pg_stat_activity. */
  readonly applicationName: string;
  /** Postgres ends a longer statement, waiting for locks included. */
  readonly statementTimeoutMs: number;
  /** Told of connections that broke while nobody used them, for the log. */
  readonly onError: (error: unknown) => void;
}

/**
 * The pool behind all stores. Every failure of the driver comes out as AppError `store_unavailable` or as
 * StoreError; what `work` itself throws passes unchanged. Broken connections are replaced by new ones, so
 * it recovers by itself when Postgres is back.
 */
export interface Database {
  /** Statements of their own. */
  run<T>(work: (queries: Queries) => Promise<T>): Promise<T>;
  /** All or nothing; run again when Postgres undid it for another's sake. Nothing but SQL belongs inside. */
  transaction<T>(work: (queries: Queries) => Promise<T>): Promise<T>;
  /** Reads that all see one moment. */
  snapshot<T>(work: (queries: Queries) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 5_000;
/** The answer to a statement that Postgres ended must arrive within this; else the line is dead. */
const ANSWER_GRACE_MS = 2_000;
/** A process that is stopped between two statements keeps its locks for no longer: less than a lease lasts. */
const IDLE_IN_TRANSACTION_MS = 4_000;
const MAX_TRIES = 4;

/** Opens nothing yet: connections are made when they are needed. */
export function openDatabase(options: DatabaseOptions): Database {
  const pool = openPool(options);
  const pooled = drizzle(pool);
  let closed: Promise<void> | null = null;
  return {
    run: (work) => translated(() => work(pooled)),
    transaction: (work) => translated(() => repeated(() => transact(pool, 'begin', work))),
    snapshot: (work) =>
      translated(() => transact(pool, 'begin isolation level repeatable read read only', work)),
    close: () => {
      closed ??= pool.end();
      return closed;
    },
  };
}

function openPool(options: DatabaseOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString: options.databaseUrl,
    max: options.poolSize,
    application_name: options.applicationName,
    statement_timeout: options.statementTimeoutMs,
    query_timeout: options.statementTimeoutMs + ANSWER_GRACE_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
  });
  // Each client is listened to from its birth: one that breaks between two statements would else end the
  // process. The pool repeats the errors of its idle ones.
  pool.on('connect', (client) => client.on('error', (e) => options.onError(toStoreError(e))));
  pool.on('error', () => undefined);
  return pool;
}

async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw isDriverError(error) ? toStoreError(error) : error;
  }
}

async function repeated<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; tries < MAX_TRIES; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!isRepeatable(error)) throw error;
    }
  }
  return await attempt();
}

/** Own begin and commit instead of drizzle's: a connection in doubt must not go back to the pool. */
async function transact<T>(
  pool: pg.Pool,
  begin: string,
  work: (queries: Queries) => Promise<T>,
): Promise<T> {
  const client = await marked(() => pool.connect());
  let intact = true;
  try {
    await marked(() => client.query(begin));
    const result = await work(drizzle(client));
    await marked(() => client.query('commit'));
    return result;
  } catch (error) {
    intact = !isBroken(error) && (await succeeds(client.query('rollback')));
    throw error;
  } finally {
    client.release(!intact);
  }
}

async function marked<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw new DriverError(error);
  }
}

async function succeeds(call: Promise<unknown>): Promise<boolean> {
  return await call.then(
    () => true,
    () => false,
  );
}
