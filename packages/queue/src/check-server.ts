import type { Log } from '@wakefield/control';
import type { Redis } from 'ioredis';

/** What of `INFO` tells whether a server is fit for queues. */
export interface ServerFacts {
  readonly version: string | null;
  readonly maxmemoryPolicy: string | null;
}

/** Reads the fields out of the answer to `INFO`. Servers that do not tell give null. */
export function parseInfo(info: string): ServerFacts {
  return {
    // Valkey tells both: its own, and the Redis that it speaks like.
    version:
      (/^valkey_version:(\S+)/m.exec(info) ?? /^redis_version:(\S+)/m.exec(info))?.[1] ?? null,
    maxmemoryPolicy: /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? null,
  };
}

/** Why a server is not fit, in words for who runs it; null when it is. */
export function unfitness({ maxmemoryPolicy }: ServerFacts): string | null {
  if (maxmemoryPolicy === null || maxmemoryPolicy === 'noeviction') return null;
  return (
    `Redis has maxmemory-policy ${maxmemoryPolicy}: under memory pressure it would drop keys of the queues, and ` +
    'jobs with them. Set it to noeviction (CONFIG SET maxmemory-policy noeviction, and in redis.conf), or give ' +
    'Wakefield a Redis of its own.'
  );
}

/** @throws {Error} when the server may drop keys. A server that cannot be asked is given the benefit of the doubt. */
export async function checkServer(connection: Redis, log: Log): Promise<void> {
  const info = await connection.info().catch((error: unknown) => {
    log.warn({ err: error }, 'redis could not be asked for its settings');
    return '';
  });
  const facts = parseInfo(info);
  const problem = unfitness(facts);
  if (problem !== null) throw new Error(problem);
  log.debug({ ...facts }, 'redis is fit for queues');
}
