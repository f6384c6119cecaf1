import type { RedisAccess } from './redis-access.ts';
import { settled } from './settled.ts';

/** How long one waits for Redis to confirm before one goes on without. */
const confirmWithinMs = 1000;

/** Somebody who hears what is said on a channel. */
export interface Listening {
  /** Resolves once Redis has confirmed it, or was too slow to. */
  readonly begun: Promise<unknown>;
  /** From then on nothing is heard, what is on its way included. */
  leave(): void;
}

/**
 * Hears a channel of Redis pub/sub over a connection of its own, which subscribes again by itself when Redis comes back.
 * What was said meanwhile is lost.
 */
export function listenTo(
  redis: RedisAccess,
  channel: string,
  hear: (text: string) => void,
): Listening {
  const { connection, disconnect } = redis.connect('subscribe');
  connection.on('message', (_channel, text) => hear(text));
  return {
    begun: settled(connection.subscribe(channel), confirmWithinMs),
    leave: () => {
      connection.removeAllListeners('message');
      disconnect();
    },
  };
}
