// A door of its own (`@wakefield/queue/board`), so that only the process that shows the dashboard loads express.
import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { ExpressAdapter } from '@bull-board/express';
import type { Router } from 'express';
import { queueNames } from './catalog.ts';
import type { RedisAccess } from './redis-access.ts';

export interface BoardOptions {
  /** Where the router is mounted, e.g. `/ops/queues`. */
  readonly basePath: string;
  /** Whether jobs can be retried and removed from it. Default false. */
  readonly writable?: boolean;
}

/** Bull Board over all queues. It checks nobody: whoever mounts it decides who may see it. */
export function createBoard(
  redis: RedisAccess,
  { basePath, writable = false }: BoardOptions,
): Router {
  const serverAdapter = new ExpressAdapter();
  serverAdapter.setBasePath(basePath);
  createBullBoard({
    queues: queueNames.map(
      (name) => new BullMQAdapter(redis.queue(name), { readOnlyMode: !writable }),
    ),
    serverAdapter,
    options: { uiConfig: { boardTitle: 'Wakefield queues' } },
  });
  return serverAdapter.getRouter() as Router;
}
