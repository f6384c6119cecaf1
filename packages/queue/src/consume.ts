import { type Job, Worker } from 'bullmq';
import { type JobName, type QueueName, queueKind } from './catalog.ts';
import { clusterLook, lookNow, modelLook, serviceLook } from './look.ts';
import type { RedisAccess } from './redis-access.ts';
import { type AnyHandlers, type Run, type RunJobDeps, runJob } from './run-job.ts';
import { settled } from './settled.ts';

/** One handler for every kind of job in the queue. The id is all that it is given; it reads the rest itself. */
export type Handlers<Q extends QueueName> = Readonly<
  Record<JobName<Q>, (id: string, run: Run) => Promise<unknown>>
>;

export interface ConsumeOptions {
  /** Runs at once; the catalog's figure when absent. */
  readonly concurrency?: number;
  /** On close: how long running jobs may go on before they are told to stop. Default 3000. */
  readonly graceMs?: number;
  /** How long a run may take to stop once it is told. Default 2000. */
  readonly stopWithinMs?: number;
}

export interface Consumer {
  /** Resolves once jobs are taken from the queue; not before Redis answers. */
  ready(): Promise<void>;
  /**
   * Takes no new jobs and ends the running ones: those that are cut short go back to the queue. Takes at most
   * graceMs + stopWithinMs + 1 s, also while Redis is away.
   */
  close(): Promise<void>;
}

/**
 * After a death, its jobs run again somewhere else within lock + one check. Short, because a dead run keeps
 * its model's later nudges waiting; long enough for a busy event loop, and a second run does no harm (leases).
 */
const timing = {
  lockDuration: 5000,
  lockRenewTime: 1500,
  stalledInterval: 1500,
  /** After a failed fetch. */
  runRetryDelay: 1000,
} as const;

/** s. A worker that waits asks again after this, whatever it waits for. */
const LOOK_AGAIN_SECONDS = 1;

/**
 * Never waits for long. Redis hands the sign that there is work to whoever has waited the longest, and where that is
 * a process that stands still nobody else hears of it: BullMQ's own limits leave the work alone for 5 s, and for
 * 10 s beside a delayed job.
 */
class AttentiveWorker extends Worker {
  override get maximumBlockTimeout(): number {
    return LOOK_AGAIN_SECONDS;
  }
}

/** Works a queue off. Starts at once; while Redis is away it waits. */
export function consume<Q extends QueueName>(
  redis: RedisAccess,
  queue: Q,
  handlers: Handlers<Q>,
  options: ConsumeOptions = {},
): Consumer {
  const {
    concurrency = queueKind(queue).concurrency,
    graceMs = 3000,
    stopWithinMs = 2000,
  } = options;
  const shutdown = new AbortController();
  const running = new Set<Promise<void>>();
  const deps: RunJobDeps = {
    redis,
    queue,
    handlers: withTimers(redis, queue, handlers),
    shutdown: shutdown.signal,
    stopWithinMs,
  };
  const process = (job: Job, token?: string): Promise<void> => {
    const run = runJob(deps, job, token).finally(() => running.delete(run));
    running.add(run);
    return run;
  };
  const { connection, disconnect } = redis.connect('consume');
  const worker = new AttentiveWorker(queue, process, {
    connection,
    prefix: redis.prefix,
    concurrency,
    // Keeps BullMQ's totals of completed and failed jobs in Redis, over all workers and restarts.
    metrics: { maxDataPoints: 60 },
    drainDelay: LOOK_AGAIN_SECONDS,
    ...timing,
  });
  tell(worker, queue, redis);

  return {
    ready: async () => {
      await worker.waitUntilReady();
    },
    close: async () => {
      const limitMs = graceMs + stopWithinMs + 500;
      const telling = setTimeout(() => shutdown.abort(), graceMs);
      // An orderly close waits for Redis as long as it takes (BullMQ `Worker.close`), a forced one for nothing.
      const force = !redis.isUp();
      if (force) await settled(Promise.allSettled(running), limitMs);
      const closed = await settled(worker.close(force), force ? 500 : limitMs);
      clearTimeout(telling);
      shutdown.abort();
      if (!closed) redis.log.warn({ queue }, 'worker did not close in order');
      disconnect();
    },
  };
}

/** Adds what the package handles itself: a delayed look asks for one now. */
function withTimers<Q extends QueueName>(
  redis: RedisAccess,
  queue: Q,
  handlers: Handlers<Q>,
): AnyHandlers {
  if (queue === 'observe') {
    return { ...handlers, 'cluster-later': (id) => lookNow(redis.queue(queue), clusterLook, id) };
  }
  if (queue === 'reconcile') {
    return { ...handlers, 'model-later': (id) => lookNow(redis.queue(queue), modelLook, id) };
  }
  if (queue === 'services') {
    return { ...handlers, 'service-later': (id) => lookNow(redis.queue(queue), serviceLook, id) };
  }
  return handlers;
}

function tell(worker: Worker, queue: QueueName, redis: RedisAccess): void {
  worker.on('error', (error) => {
    // While Redis is away the connection has said so, once.
    const level = redis.isUp() ? 'warn' : 'debug';
    redis.log[level]({ err: error, queue }, 'worker error');
  });
  worker.on('stalled', (jobId) =>
    redis.log.warn({ queue, queueJobId: jobId }, 'run of a dead worker taken over'),
  );
  worker.on('failed', (job, error) => {
    // Every other failure has been told where it happened.
    if (job?.deferredFailure === undefined) return;
    const fields = { queue, job: job.name, queueJobId: job.id, payload: job.data, err: error };
    redis.log.error(fields, 'run given up: it died with its workers');
  });
}
