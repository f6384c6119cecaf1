import { AppError } from '@wakefield/domain';
import { DrizzleQueryError } from 'drizzle-orm';
import pg from 'pg';

/**
 * What Postgres says when it cannot serve anybody right now, by SQLSTATE: connection exceptions, wrong
 * log-in, no such database, too many connections, shutdown, cancelled or timed out, read-only during a failover
 * (PostgreSQL manual, appendix A).
 */
const UNAVAILABLE = /^(08...|28...|3D000|53...|57...|55P03|25P0[34]|25006)$/;
/** A standby took the place of the primary: this connection will write as little the next time. */
const READ_ONLY = '25006';
/** Serialization failure and deadlock: the transaction was undone and may be run again. */
const REPEATABLE = /^40(001|P01)$/;

/** A statement that Postgres refused. Carries neither its text nor its values: they may be secret. */
export class StoreError extends Error {
  readonly sqlState: string;
  readonly constraint: string | null;
  readonly table: string | null;

  constructor(cause: pg.DatabaseError) {
    super(cause.message);
    this.name = 'StoreError';
    this.sqlState = cause.code ?? '';
    this.constraint = cause.constraint ?? null;
    this.table = cause.table ?? null;
  }
}

/** Marks what connect, begin and commit threw, so that it is told from an error of the code between. */
export class DriverError extends Error {
  constructor(cause: unknown) {
    super('the database driver failed', { cause });
    this.name = 'DriverError';
  }
}

/** Whether it comes from the driver, as against the code that runs between its calls. */
export function isDriverError(error: unknown): error is DriverError | DrizzleQueryError {
  return error instanceof DriverError || error instanceof DrizzleQueryError;
}

/** Whether the failed transaction may simply be run again. */
export function isRepeatable(error: unknown): boolean {
  return sqlStateOf(error)?.match(REPEATABLE) != null;
}

/** Whether the connection is in doubt: nothing came back, so nobody knows what state it is in; or it leads astray. */
export function isBroken(error: unknown): boolean {
  const sqlState = sqlStateOf(error);
  return isDriverError(error) && (sqlState === null || sqlState === READ_ONLY);
}

/**
 * A failure of the driver as the rest of the system knows it: `store_unavailable` when nobody could be
 * reached, else a StoreError. Drizzle's own error is dropped, because it quotes the parameters.
 */
export function toStoreError(error: unknown): AppError | StoreError {
  const cause = isDriverError(error) ? error.cause : error;
  const refusal = cause instanceof pg.DatabaseError ? new StoreError(cause) : null;
  if (refusal !== null && !UNAVAILABLE.test(refusal.sqlState)) return refusal;
  return new AppError('store_unavailable', 'The database cannot be reached at the moment.', {
    cause: refusal ?? cause,
  });
}

function sqlStateOf(error: unknown): string | null {
  const cause = isDriverError(error) ? error.cause : error;
  return cause instanceof pg.DatabaseError ? (cause.code ?? '') : null;
}
