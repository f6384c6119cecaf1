import type { RouteBus } from '@wakefield/control';
import type { OwnedConnection } from './connection.ts';
import { translated } from './queue-error.ts';
import type { RedisAccess } from './redis-access.ts';
import { settled } from './settled.ts';

type Listener = (revision: number) => void;

/** How long `subscribe` waits for Redis to confirm before it goes on without. */
const confirmWithinMs = 1000;

/**
 * "Routes changed" over Redis pub/sub. One connection for all listeners of a process; it subscribes again by itself
 * when Redis comes back. What was said meanwhile is lost, and the listener's own sweep makes up for it.
 */
export function createRouteBus(redis: RedisAccess): RouteBus {
  const channel = `${redis.prefix}:routes`;
  const listeners = new Set<Listener>();
  let owned: OwnedConnection | null = null;

  const open = async (): Promise<void> => {
    owned = redis.connect('subscribe');
    const { connection } = owned;
    connection.on('message', (_channel, text) => {
      const revision = Number(text);
      if (!Number.isSafeInteger(revision)) return;
      for (const listener of [...listeners]) listener(revision);
    });
    await settled(connection.subscribe(channel), confirmWithinMs);
  };

  return {
    publish: (revision) =>
      translated(async () => {
        await redis.produce.publish(channel, String(revision));
      }),
    subscribe: async (listener) => {
      // A function of its own, so that the same listener may be given twice.
      const own: Listener = (revision) => listener(revision);
      listeners.add(own);
      if (owned === null) await open();
      return async () => {
        listeners.delete(own);
        if (listeners.size > 0) return;
        owned?.disconnect();
        owned = null;
      };
    },
  };
}
