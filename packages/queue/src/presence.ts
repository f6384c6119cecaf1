import { ReplyError } from 'ioredis';
import type { OwnedConnection } from './connection.ts';
import type { RedisAccess } from './redis-access.ts';

/**
 * Shows Redis which proxies live: each listens on a channel on which nobody ever speaks. The kernel closes its
 * connection with the process, however that ends, and keeps it while the process only stands still (PUBSUB NUMSUB
 * tells how many listen).
 */
export interface Presence {
  /** From now on, as long as this process lives and Redis can be reached. */
  show(proxyId: string): void;
  /** Whether Redis has heard of it: one that may not listen, or has not come to it yet, cannot be taken for dead. */
  isShown(proxyId: string): boolean;
  end(proxyId: string): void;
}

/** What the names of the channels begin with; the proxy's id follows. */
export function presenceChannels(redis: Pick<RedisAccess, 'prefix'>): string {
  return `${redis.prefix}:proxy:`;
}

/** One connection for all proxies of a process, opened with the first. It listens again by itself after an outage. */
export function createPresence(redis: RedisAccess): Presence {
  const channels = presenceChannels(redis);
  /** Whether each was answered. */
  const shown = new Map<string, boolean>();
  let owned: OwnedConnection | null = null;
  return {
    show: (proxyId) => {
      if (shown.has(proxyId)) return;
      shown.set(proxyId, false);
      owned ??= redis.connect('subscribe');
      // It waits for Redis as long as it takes.
      owned.connection.subscribe(channels + proxyId).then(
        () => shown.has(proxyId) && shown.set(proxyId, true),
        (error: unknown) => {
          // Anything else is a connection that was closed for good.
          if (error instanceof ReplyError)
            redis.log.warn({ err: error }, 'redis refuses SUBSCRIBE; a death is noticed late');
        },
      );
    },
    isShown: (proxyId) => shown.get(proxyId) === true,
    end: (proxyId) => {
      if (!shown.delete(proxyId) || owned === null) return;
      if (shown.size > 0) {
        owned.connection.unsubscribe(channels + proxyId).catch(() => undefined);
        return;
      }
      owned.disconnect();
      owned = null;
    },
  };
}
