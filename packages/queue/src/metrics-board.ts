import type { MetricsBoard } from '@wakefield/control';
import type { EngineMetrics, JobId } from '@wakefield/domain';
import { z } from 'zod';
import { translated } from './queue-error.ts';
import type { RedisAccess } from './redis-access.ts';

const figures = z.object({
  gpuUtilization: z.number().nullable(),
  waitingRequests: z.number().nullable(),
  runningRequests: z.number().nullable(),
  full: z.object({ since: z.number(), looks: z.number(), most: z.number() }).nullish(),
});

const nothing: EngineMetrics = {
  gpuUtilization: null,
  waitingRequests: null,
  runningRequests: null,
};

export interface MetricsBoardOptions {
  /** How long figures are read. */
  readonly expiryMs?: number;
}

/** Last figures of each engine, and a sign of life of each that answered: expiring keys per job. */
export function createMetricsBoard(
  redis: RedisAccess,
  { expiryMs = 30_000 }: MetricsBoardOptions = {},
): MetricsBoard {
  const { produce, log } = redis;
  const keyOf = (jobId: JobId) => `${redis.prefix}:metrics:${jobId}`;
  const gpuOf = (jobId: JobId) => `${redis.prefix}:gpu:${jobId}`;
  const lifeOf = (jobId: JobId) => `${redis.prefix}:answered:${jobId}`;
  const setAll = (entries: readonly (readonly [string, string, number])[]) =>
    translated(async () => {
      if (entries.length === 0) return;
      const pipeline = produce.pipeline();
      for (const [key, value, expiresMs] of entries) pipeline.set(key, value, 'PX', expiresMs);
      const answers = await pipeline.exec();
      const failed = answers?.find(([error]) => error !== null);
      if (failed?.[0]) throw failed[0];
    });
  return {
    publish: (metrics, rememberMs) =>
      setAll(
        [...metrics].map(([jobId, values]) => [
          keyOf(jobId),
          JSON.stringify(values),
          values.full ? Math.max(expiryMs, rememberMs) : expiryMs,
        ]),
      ),
    publishGpus: (values) =>
      setAll([...values].map(([jobId, figure]) => [gpuOf(jobId), String(figure), expiryMs])),
    answered: (jobIds, lifeMs) => setAll(jobIds.map((jobId) => [lifeOf(jobId), '1', lifeMs])),
    answering: (jobIds) =>
      translated(async () => {
        if (jobIds.length === 0) return [];
        const signs = await produce.mget(jobIds.map(lifeOf));
        return jobIds.filter((_jobId, index) => signs[index] !== null);
      }),
    read: async (jobIds) => {
      const found = new Map<JobId, EngineMetrics>();
      if (jobIds.length === 0) return found;
      try {
        const texts = await produce.mget([...jobIds.map(keyOf), ...jobIds.map(gpuOf)]);
        for (const [index, jobId] of jobIds.entries()) {
          const read = merge(texts[index] ?? null, texts[index + jobIds.length] ?? null);
          if (read !== null) found.set(jobId, read);
        }
      } catch (error) {
        log.debug({ err: error }, 'engine figures not known');
        return new Map();
      }
      return found;
    },
  };
}

function merge(text: string | null, gpu: string | null): EngineMetrics | null {
  if (text === null && gpu === null) return null;
  const read = text === null ? nothing : figures.parse(JSON.parse(text));
  return gpu === null ? read : { ...read, gpuUtilization: Number(gpu) };
}
