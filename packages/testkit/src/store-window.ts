import { Redis } from 'ioredis';
import pg from 'pg';

/** A look into the stores of a running Wakefield, past all of its services. It only reads. */
export interface StoreWindow {
  /** Rejects while Postgres does not answer. */
  rows(sql: string, values?: readonly unknown[]): Promise<readonly Record<string, unknown>[]>;
  /** Every Redis key that nothing will ever remove by time. Rejects while Redis does not answer. */
  keysWithoutExpiry(): Promise<readonly string[]>;
  close(): Promise<void>;
}

const answerWithinMs = 3_000;

/** Stores under test die: the one connection is made when it is first needed, and again after it was lost. */
export function openStoreWindow(urls: {
  readonly databaseUrl: string;
  readonly redisUrl: string;
}): StoreWindow {
  const pool = new pg.Pool({
    connectionString: urls.databaseUrl,
    max: 1,
    idleTimeoutMillis: 0,
    connectionTimeoutMillis: answerWithinMs,
    query_timeout: answerWithinMs,
  });
  // Without a listener a lost connection would end this process.
  pool.on('error', () => undefined);
  return {
    rows: async (sql, values = []) =>
      (await pool.query<Record<string, unknown>>(sql, [...values])).rows,
    keysWithoutExpiry: () => keysWithoutExpiry(urls.redisUrl),
    close: () => pool.end(),
  };
}

async function keysWithoutExpiry(url: string): Promise<readonly string[]> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    const keys = await redis.keys('*');
    const left = await Promise.all(keys.map((key) => redis.pttl(key)));
    return keys.filter((_, index) => left[index] === -1).sort();
  } finally {
    redis.disconnect();
  }
}
