import type { RouteBus } from '@wakefield/control';
import { type Listening, listenTo } from './listen-to.ts';
import { translated } from './queue-error.ts';
import type { RedisAccess } from './redis-access.ts';

type Listener = (revision: number) => void;

/**
 * "Routes changed" over Redis pub/sub. One connection for all listeners of a process. For what is lost while Redis is
 * away the listener's own sweep makes up.
 */
export function createRouteBus(redis: RedisAccess): RouteBus {
  const channel = `${redis.prefix}:routes`;
  const listeners = new Set<Listener>();
  let listening: Listening | null = null;

  const open = async (): Promise<void> => {
    listening = listenTo(redis, channel, (text) => {
      const revision = Number(text);
      if (!Number.isSafeInteger(revision)) return;
      for (const listener of [...listeners]) listener(revision);
    });
    await listening.begun;
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
      if (listening === null) await open();
      return async () => {
        listeners.delete(own);
        if (listeners.size > 0) return;
        listening?.leave();
        listening = null;
      };
    },
  };
}
