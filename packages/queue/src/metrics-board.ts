import type { MetricsBoard } from '@wakefield/control';
import type { EngineMetrics, JobId } from '@wakefield/domain';
import { z } from 'zod';
import { translated } from './queue-error.ts';
import type { RedisAccess } from './redis-access.ts';

const figures = z.object({
  gpuUtilization: z.number().nullable(),
  waitingRequests: z.number().nullable(),
  runningRequests: z.number().nullable(),
});

/** Last figures of each engine, one expiring key per job. */
export function createMetricsBoard(
  redis: RedisAccess,
  { expiryMs = 30_000 }: { readonly expiryMs?: number } = {},
): MetricsBoard {
  const { produce, log } = redis;
  const keyOf = (jobId: JobId) => `${redis.prefix}:metrics:${jobId}`;
  return {
    publish: (metrics) =>
      translated(async () => {
        if (metrics.size === 0) return;
        const pipeline = produce.pipeline();
        for (const [jobId, values] of metrics) {
          pipeline.set(keyOf(jobId), JSON.stringify(values), 'PX', expiryMs);
        }
        const answers = await pipeline.exec();
        const failed = answers?.find(([error]) => error !== null);
        if (failed?.[0]) throw failed[0];
      }),
    read: async (jobIds) => {
      const found = new Map<JobId, EngineMetrics>();
      if (jobIds.length === 0) return found;
      try {
        const texts = await produce.mget(jobIds.map(keyOf));
        for (const [index, jobId] of jobIds.entries()) {
          const text = texts[index];
          if (text) found.set(jobId, figures.parse(JSON.parse(text)));
        }
      } catch (error) {
        log.debug({ err: error }, 'engine figures not known');
        return new Map();
      }
      return found;
    },
  };
}
