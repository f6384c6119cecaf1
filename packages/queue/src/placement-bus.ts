import type { Placed, PlacementBus } from '@wakefield/control';
import { z } from 'zod';
import { listenTo } from './listen-to.ts';
import { translated } from './queue-error.ts';
import type { RedisAccess } from './redis-access.ts';

const placedSchema = z.object({
  proxyId: z.string(),
  models: z.record(z.string(), z.record(z.string(), z.array(z.int()))),
});

/** Over Redis pub/sub, of which nothing stays: one connection for each that listens. */
export function createPlacementBus(redis: RedisAccess): PlacementBus {
  const channel = `${redis.prefix}:placed`;
  return {
    publish: (placed) =>
      translated(async () => {
        await redis.produce.publish(channel, JSON.stringify(placed));
      }),
    subscribe: async (listener) => {
      const { begun, leave } = listenTo(redis, channel, (text) => {
        const placed = read(text);
        if (placed !== null) listener(placed);
      });
      await begun;
      return async () => leave();
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
