import { makePayload } from './catalog.ts';
import type { RedisAccess } from './redis-access.ts';

export interface SweepTicker {
  close(): void;
}

/**
 * Asks for a sweep every `everyMs`. Every scheduler ticks and Redis lets one of them through per period, so that
 * sweeps go on whoever dies. The beat is kept here and not in Redis: after a flush the next tick is as good as any.
 */
export function startSweepTicker(
  redis: RedisAccess,
  { everyMs = 5000 }: { readonly everyMs?: number } = {},
): SweepTicker {
  const { log } = redis;
  let failing = false;
  const tick = async (): Promise<void> => {
    try {
      await redis.queue('sweep').add('sweep', makePayload('all'), {
        // A little shorter than the period: the same process' next tick has to find it gone.
        deduplication: { id: 'sweep', ttl: Math.round(everyMs * 0.9) },
      });
      failing = false;
    } catch (error) {
      if (!failing) log.warn({ err: error }, 'sweep not enqueued');
      failing = true;
    }
  };
  const timer = setInterval(() => void tick(), everyMs);
  void tick();
  return { close: () => clearInterval(timer) };
}
