import type { Nudges } from '@wakefield/control';
import { makePayload } from './catalog.ts';
import { clusterLook, lookLater, lookNow, modelLook, serviceLook } from './look.ts';
import { translated } from './queue-error.ts';
import type { RedisAccess } from './redis-access.ts';

/**
 * Control's nudges over BullMQ. Every call fails within moments while Redis is away.
 * - the job of a command or activation has the command's id: a second delivery of a waiting or running one is the same job
 * - models, services, clusters and probes are deduplicated; a nudge during a run causes one more run (`keepLastIfActive`)
 */
export function createNudges(redis: RedisAccess): Nudges {
  return {
    command: (id, traceId) =>
      translated(async () => {
        await redis.queue('commands').add('command', makePayload(id, traceId), { jobId: id });
      }),
    activation: (id, traceId) =>
      translated(async () => {
        await redis.queue('activations').add('activation', makePayload(id, traceId), { jobId: id });
      }),
    model: (id, traceId) =>
      translated(() => lookNow(redis.queue('reconcile'), modelLook, id, traceId)),
    modelLater: (id, delayMs) =>
      translated(() => lookLater(redis.queue('reconcile'), modelLook, id, delayMs)),
    service: (id, traceId) =>
      translated(() => lookNow(redis.queue('services'), serviceLook, id, traceId)),
    serviceLater: (id, delayMs) =>
      translated(() => lookLater(redis.queue('services'), serviceLook, id, delayMs)),
    notices: (id) =>
      translated(async () => {
        await redis.queue('notices').add('notices', makePayload(id), {
          deduplication: { id, keepLastIfActive: true },
        });
      }),
    cluster: (name, delayMs) =>
      translated(() => lookLater(redis.queue('observe'), clusterLook, name, delayMs)),
    metrics: (name) =>
      translated(async () => {
        await redis.queue('observe').add('metrics', makePayload(name), {
          deduplication: { id: `metrics-${name}` },
        });
      }),
    probe: (jobId) =>
      translated(async () => {
        await redis.queue('probe').add('probe', makePayload(jobId), {
          deduplication: { id: `probe-${jobId}`, keepLastIfActive: true },
        });
      }),
    log: (jobId) =>
      translated(async () => {
        await redis.queue('logs').add('log', makePayload(jobId), {
          deduplication: { id: `log-${jobId}` },
        });
      }),
  };
}
