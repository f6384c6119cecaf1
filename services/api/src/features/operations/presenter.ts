import type { QueuesJson } from '@wakefield/contracts';
import type { QueueFigures } from '@wakefield/queue';

/** Figures of the queues as they go over the wire. */
export function presentQueues(figures: readonly QueueFigures[]): QueuesJson {
  return {
    queues: figures.map(({ queue, jobs, ...rest }) => ({
      name: queue,
      waiting: jobs.waiting,
      active: jobs.active,
      delayed: jobs.delayed,
      completed: jobs.completed,
      failed: jobs.failed,
      oldest_waiting_seconds: rest.oldestWaitingSeconds,
      processed_total: rest.processedTotal,
      failed_total: rest.failedTotal,
    })),
  };
}
