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

/** One connection that is made when it is needed and again when it was lost: stores under test die. */
export function openStoreWindow(urls: {
  readonly databaseUrl: string;
  readonly redisUrl: string;
}): StoreWindow {
  let client: pg.Client | null = null;

  async function connected(): Promise<pg.Client> {
    if (client !== null) return client;
    const next = new pg.Client({
      connectionString: urls.databaseUrl,
      connectionTimeoutMillis: answerWithinMs,
      query_timeout: answerWithinMs,
    });
    // Without a listener a lost connection would end this process.
    next.on('error', () => drop(next));
    await next.connect();
    client = next;
    return next;
  }

  function drop(lost: pg.Client): void {
    if (client === lost) client = null;
    lost.end().catch(() => undefined);
  }

  return {
    async rows(sql, values = []) {
      const current = await connected();
      try {
        return (await current.query<Record<string, unknown>>(sql, [...values])).rows;
      } catch (error) {
        drop(current);
        throw error;
      }
    },
    keysWithoutExpiry: () => keysWithoutExpiry(urls.redisUrl),
    async close() {
      await client?.end().catch(() => undefined);
      client = null;
    },
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
