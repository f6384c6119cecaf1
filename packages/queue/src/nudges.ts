import type { Nudges } from '@wakefield/control';
import { makePayload } from './catalog.ts';
import { clusterNudge } from './cluster-nudge.ts';
import { translated } from './queue-error.ts';
import type { RedisAccess } from './redis-access.ts';

/**
 * Control's nudges over BullMQ. Every call fails within moments while Redis is away.
 * - a command's job has the command's id: a second delivery of a waiting or running one is the same job
 * - models and probes are deduplicated; a nudge during a run causes one more run (`keepLastIfActive`)
 */
export function createNudges(redis: RedisAccess): Nudges {
  const again = (id: string) => ({ deduplication: { id, keepLastIfActive: true } });
  return {
    command: (id, traceId) =>
      translated(async () => {
        await redis.queue('commands').add('command', makePayload(id, traceId), { jobId: id });
      }),
    model: (id, traceId) =>
      translated(async () => {
        await redis.queue('reconcile').add('model', makePayload(id, traceId), again(id));
      }),
    cluster: (name, delayMs) =>
      translated(() => clusterNudge(redis.queue('observe'), name, delayMs)),
    probe: (jobId) =>
      translated(async () => {
        await redis.queue('observe').add('probe', makePayload(jobId), again(`probe-${jobId}`));
      }),
  };
}
