import { type Job, UnrecoverableError, WaitingError, Worker } from 'bullmq';
import { boundedRun, RunStoppedError } from './bounded-run.ts';
import { type JobName, type Payload, parsePayload, type QueueName, queueKind } from './catalog.ts';
import { clusterNudge } from './cluster-nudge.ts';
import { disposition } from './queue-error.ts';
import { disconnect, type RedisAccess } from './redis-access.ts';
import { settled } from './settled.ts';

/** What a run gets besides its id. */
export interface Run {
  /** Aborted at the time limit of the job's kind and when the process has to end. */
  readonly signal: AbortSignal;
  /** Trace of whoever asked for the run; null when it was a sweep. */
  readonly traceId: string | null;
}

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
  /** Takes no new jobs and ends the running ones: those that are cut short go back to the queue. Bounded in time. */
  close(): Promise<void>;
}

/**
 * After a death, its jobs run again somewhere else within about lock + two checks. Short, because a dead run keeps
 * its model's later nudges waiting; long enough for a busy event loop, and a second run does no harm (leases).
 */
const timing = {
  lockDuration: 8000,
  lockRenewTime: 2500,
  stalledInterval: 3000,
  /** After a failed fetch. */
  runRetryDelay: 1000,
} as const;

/** Works a queue off. Starts at once; while Redis is away it waits. */
export function consume<Q extends QueueName>(
  redis: RedisAccess,
  name: Q,
  handlers: Handlers<Q>,
  options: ConsumeOptions = {},
): Consumer {
  const {
    concurrency = queueKind(name).concurrency,
    graceMs = 3000,
    stopWithinMs = 2000,
  } = options;
  const { log } = redis;
  const shutdown = new AbortController();
  const connection = redis.connect('consume');
  const all = withTimers(redis, name, handlers);

  const process = async (job: Job, token?: string): Promise<void> => {
    const kind = queueKind(name).jobs[job.name];
    const handler = all[job.name];
    if (kind === undefined || handler === undefined) {
      log.error({ queue: name, job: job.name }, 'unknown kind of job');
      throw new UnrecoverableError('unknown kind of job');
    }
    const { id, traceId = null } = readPayload(redis, name, job);
    const fields = { queue: name, job: job.name, [kind.idField]: id, ...(traceId && { traceId }) };
    const bounds = { timeLimitMs: kind.timeLimitMs, shutdown: shutdown.signal, stopWithinMs };
    const startedAt = performance.now();
    const durationMs = () => Math.round(performance.now() - startedAt);
    try {
      await boundedRun(bounds, (signal) => handler(id, { signal, traceId }));
      log.debug({ ...fields, durationMs: durationMs() }, 'run finished');
    } catch (error) {
      if (error instanceof RunStoppedError && error.stoppedBy === 'shutdown') {
        log.info({ ...fields, durationMs: durationMs() }, 'run cut short; back to the queue');
        await job.moveToWait(token);
        throw new WaitingError();
      }
      const { outcome, log: level, message } = disposition(error);
      log[level]({ ...fields, durationMs: durationMs(), err: error }, message);
      if (outcome === 'fail') throw error;
    }
  };

  const worker = new Worker(name, process, {
    connection,
    prefix: redis.prefix,
    concurrency,
    skipVersionCheck: false,
    // Keeps BullMQ's totals of completed and failed jobs in Redis, over all workers and restarts.
    metrics: { maxDataPoints: 60 },
    ...timing,
  });
  worker.on('error', (error) => log.warn({ err: error, queue: name }, 'worker error'));
  worker.on('stalled', (jobId) =>
    log.warn({ queue: name, queueJobId: jobId }, 'run of a dead worker taken over'),
  );

  return {
    ready: async () => {
      await worker.waitUntilReady();
    },
    close: async () => {
      const telling = setTimeout(() => shutdown.abort(), graceMs);
      const closed = await settled(worker.close(), graceMs + stopWithinMs + 1000);
      clearTimeout(telling);
      shutdown.abort();
      if (!closed) log.warn({ queue: name }, 'worker did not close in order');
      disconnect(connection);
    },
  };
}

type AnyHandlers = Readonly<
  Record<string, ((id: string, run: Run) => Promise<unknown>) | undefined>
>;

/** Adds what the package handles itself: a delayed look at a cluster asks for one now. */
function withTimers<Q extends QueueName>(
  redis: RedisAccess,
  name: Q,
  handlers: Handlers<Q>,
): AnyHandlers {
  if (name !== 'observe') return handlers;
  return {
    ...handlers,
    'cluster-later': (cluster) => clusterNudge(redis.queue('observe'), cluster, 0),
  };
}

function readPayload({ log }: RedisAccess, queue: QueueName, job: Job): Payload {
  try {
    return parsePayload(job.data);
  } catch (error) {
    log.error({ queue, job: job.name, queueJobId: job.id, err: error }, 'payload not understood');
    throw new UnrecoverableError('payload not understood');
  }
}
