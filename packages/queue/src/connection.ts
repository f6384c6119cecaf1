import type { Log } from '@wakefield/control';
import { Redis } from 'ioredis';
import { type RedisProfile, redisProfiles } from './redis-profiles.ts';

/** A connection and whoever was copied from it. */
export interface OwnedConnection {
  readonly connection: Redis;
  /** At once, whatever state it is in. Safe to call twice. */
  disconnect(): void;
}

/** Opens a connection that reports its outages and can always be closed. */
export function openConnection(
  url: string,
  name: string,
  profile: RedisProfile,
  log: Log,
): OwnedConnection {
  const connection = new Redis(url, { ...redisProfiles[profile], connectionName: name });
  const all = [connection];
  logOutages(connection, profile, log);
  keepCopies(connection, (copy) => all.push(copy));
  return {
    connection,
    disconnect: () => {
      for (const one of all.splice(0)) {
        // An ended client that is told to disconnect again keeps a timer (ioredis 6, `Redis.disconnect`).
        if (one.status !== 'end') one.disconnect();
      }
    },
  };
}

/**
 * BullMQ makes a worker's blocking connection by copying the one it is given, and does not end it when an orderly
 * close fails for want of a server.
 */
function keepCopies(connection: Redis, keep: (copy: Redis) => void): void {
  const duplicate = connection.duplicate.bind(connection);
  connection.duplicate = ((override: Parameters<typeof duplicate>[0]) => {
    const copy = duplicate(override);
    // BullMQ stops listening when it closes; without a listener ioredis prints to the console.
    copy.on('error', () => undefined);
    keep(copy);
    return copy;
  }) as typeof connection.duplicate;
}

/** One line when a connection is lost and one when it is back, however many attempts lie between. */
function logOutages(connection: Redis, profile: RedisProfile, log: Log): void {
  let away = false;
  connection.on('error', (error: unknown) => {
    if (away) return;
    away = true;
    log.warn({ err: error, profile }, 'redis connection lost');
  });
  connection.on('ready', () => {
    if (away) log.info({ profile }, 'redis connection back');
    away = false;
  });
}
