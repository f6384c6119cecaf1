// A door of its own (`@wakefield/queue/board`), so that only the process that shows the dashboard loads express.
import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { ExpressAdapter } from '@bull-board/express';
import type { Router } from 'express';
import { type QueueName, queueNames } from './catalog.ts';
import type { RedisAccess } from './redis-access.ts';

export interface BoardOptions {
  /** Where the router is mounted, e.g. `/ops/queues`. */
  readonly basePath: string;
  /** Whether jobs can be retried and removed from it. Default false. */
  readonly writable?: boolean;
}

/** Shown with each queue. What has ended is kept of few jobs only, and of commands not at all. */
const descriptions: Readonly<Record<QueueName, string>> = {
  commands:
    'Changes that wait to be applied. Done ones leave at once; what became of each: GET /p/<project>/commands.',
  activations:
    'Projects that clusters are asked to take. Done ones leave at once; what became of each: GET /p/<project>.',
  reconcile: 'Models to look at. The newest that are done are kept.',
  services: 'Services to look at. The newest that are done are kept.',
  notices:
    'Services of which the webhook is to be told something. The newest that are done are kept.',
  observe: 'Clusters to look at, and their engines’ figures. The newest that are done are kept.',
  probe: 'Starting engines to knock at. The newest that are done are kept.',
  logs: 'Logs that somebody reads, about one job a second for each. The newest that are done are kept.',
  sweep: 'The look at everything that is due. The newest that are done are kept.',
};

/** Bull Board over all queues. It checks nobody: whoever mounts it decides who may see it. */
export function createBoard(
  redis: RedisAccess,
  { basePath, writable = false }: BoardOptions,
): Router {
  const serverAdapter = new ExpressAdapter();
  serverAdapter.setBasePath(basePath);
  createBullBoard({
    queues: queueNames.map(
      (name) =>
        new BullMQAdapter(redis.queue(name), {
          readOnlyMode: !writable,
          description: descriptions[name],
        }),
    ),
    serverAdapter,
    options: { uiConfig: { boardTitle: 'Wakefield queues' } },
  });
  return serverAdapter.getRouter() as Router;
}
