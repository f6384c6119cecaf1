import type { Queue } from 'bullmq';
import { type QueueName, queueNames } from './catalog.ts';
import { translated } from './queue-error.ts';
import type { RedisAccess } from './redis-access.ts';

/** States of a job that is still in its queue. */
export const jobStates = ['waiting', 'active', 'delayed', 'completed', 'failed'] as const;
export type QueueJobState = (typeof jobStates)[number];

/** One queue at a moment. `completed` and `failed` jobs are those kept for people; the totals count all. */
export interface QueueFigures {
  readonly queue: QueueName;
  readonly jobs: Readonly<Record<QueueJobState, number>>;
  /** Age of the job that waits longest, in seconds; 0 when none waits. */
  readonly oldestWaitingSeconds: number;
  /** Runs that ended since Redis was last emptied, failed ones included. */
  readonly processedTotal: number;
  readonly failedTotal: number;
}

/** Figures of every queue, in one batch of commands. @throws AppError `store_unavailable` */
export function queueFigures(redis: RedisAccess): Promise<readonly QueueFigures[]> {
  return translated(() =>
    Promise.all(queueNames.map((name) => figuresOf(name, redis.queue(name)))),
  );
}

async function figuresOf(name: QueueName, queue: Queue): Promise<QueueFigures> {
  const [counts, [oldest], completed, failed] = await Promise.all([
    queue.getJobCounts(...jobStates),
    queue.getJobs(['waiting'], 0, 0, true),
    queue.getMetrics('completed', 0, 0),
    queue.getMetrics('failed', 0, 0),
  ]);
  return {
    queue: name,
    jobs: {
      waiting: counts.waiting ?? 0,
      active: counts.active ?? 0,
      delayed: counts.delayed ?? 0,
      completed: counts.completed ?? 0,
      failed: counts.failed ?? 0,
    },
    oldestWaitingSeconds:
      oldest === undefined ? 0 : Math.max(0, Date.now() - oldest.timestamp - oldest.delay) / 1000,
    processedTotal: completed.meta.count + failed.meta.count,
    failedTotal: failed.meta.count,
  };
}
