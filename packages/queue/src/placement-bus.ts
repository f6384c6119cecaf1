import type { Placed, PlacementBus } from '@wakefield/control';
import { z } from 'zod';
import { translated } from './queue-error.ts';
import type { RedisAccess } from './redis-access.ts';
import { settled } from './settled.ts';

/** How long `subscribe` waits for Redis to confirm before it goes on without. */
const confirmWithinMs = 1000;

const placedSchema = z.object({
  proxyId: z.string(),
  models: z.record(z.string(), z.record(z.string(), z.array(z.int()))),
});

/** Over Redis pub/sub, of which nothing stays: one connection for each that listens, which subscribes again by itself. */
export function createPlacementBus(redis: RedisAccess): PlacementBus {
  const channel = `${redis.prefix}:placed`;
  return {
    publish: (placed) =>
      translated(async () => {
        await redis.produce.publish(channel, JSON.stringify(placed));
      }),
    subscribe: async (listener) => {
      const { connection, disconnect } = redis.connect('subscribe');
      connection.on('message', (_channel, text) => {
        const placed = read(text);
        if (placed !== null) listener(placed);
      });
      await settled(connection.subscribe(channel), confirmWithinMs);
      return async () => {
        // What is on its way still comes before the connection is closed.
        connection.removeAllListeners('message');
        disconnect();
      };
    },
  };
}

/** @returns null for what no proxy of this release says */
function read(text: string): Placed | null {
  try {
    return placedSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}
