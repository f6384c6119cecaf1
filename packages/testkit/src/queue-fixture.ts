import type { Log, Nudges } from '@wakefield/control';
import {
  type ConsumeOptions,
  type Consumer,
  consume,
  createNudges,
  type Handlers,
  openRedis,
  type QueueName,
  type RedisAccess,
} from '@wakefield/queue';
import { testRedis } from './redis.ts';

/** Log lines of one test. */
export interface CapturedLog extends Log {
  readonly lines: { readonly level: string; readonly fields: object; readonly message: string }[];
  has(message: string): boolean;
}

export function captureLog(): CapturedLog {
  const lines: CapturedLog['lines'] = [];
  const at = (level: string) => (fields: object, message: string) => {
    lines.push({ level, fields, message });
  };
  return {
    lines,
    has: (message) => lines.some((line) => line.message === message),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
  };
}

/** Looks again and again until it holds. @throws {Error} after `limitMs` */
export async function until(
  holds: () => boolean | Promise<boolean>,
  limitMs = 10_000,
): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`did not come true within ${limitMs} ms: ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A corner of the test Redis with everything that the tests of this package need. */
export interface QueueFixture {
  readonly url: string;
  readonly installation: string;
  readonly redis: RedisAccess;
  readonly nudges: Nudges;
  readonly log: CapturedLog;
  consume<Q extends QueueName>(name: Q, handlers: Handlers<Q>, options?: ConsumeOptions): Consumer;
  /** A consumer that notes its runs and holds each of them until `release`. */
  consumeHeld(
    name: QueueName,
    jobs: readonly string[],
    options?: { readonly failFirst?: boolean },
  ): { readonly runs: string[]; release(): void };
  counts(name: QueueName): Promise<Record<string, number>>;
  /** Resolves when nothing waits or runs in the queue. */
  idle(name: QueueName): Promise<void>;
  /** When the one delayed look at a cluster or model is due, from now. */
  nextLookInMs(id: string): Promise<number>;
  close(): Promise<void>;
}

export async function openQueueFixture(): Promise<QueueFixture> {
  const { url, installation, cleanup } = testRedis();
  const log = captureLog();
  const redis = await openRedis({ url, installation, log });
  const consumers: Consumer[] = [];
  const held: (() => void)[] = [];
  const fixture: QueueFixture = {
    url,
    installation,
    redis,
    nudges: createNudges(redis),
    log,
    consume: (name, handlers, options) => {
      const consumer = consume(redis, name, handlers, options);
      consumers.push(consumer);
      return consumer;
    },
    consumeHeld: (name, jobs, { failFirst = false } = {}) => {
      const runs: string[] = [];
      const gate = Promise.withResolvers<void>();
      held.push(gate.resolve);
      const handler = (job: string) => async (id: string) => {
        const first = runs.push(`${job} ${id}`) === 1;
        await gate.promise;
        if (first && failFirst) throw new Error('first run fails');
      };
      const handlers = Object.fromEntries(jobs.map((job) => [job, handler(job)]));
      fixture.consume(name, handlers as Handlers<typeof name>);
      return { runs, release: () => gate.resolve() };
    },
    counts: (name) => redis.queue(name).getJobCounts('waiting', 'active', 'delayed', 'failed'),
    idle: (name) =>
      until(async () => (await redis.queue(name).getJobCountByTypes('waiting', 'active')) === 0),
    nextLookInMs: async (id) => {
      const queues = [redis.queue('observe'), redis.queue('reconcile')];
      const delayed = await Promise.all(queues.map((queue) => queue.getDelayed()));
      const looks = delayed.flat().filter((job) => job.data.id === id);
      if (looks.length !== 1) throw new Error(`${looks.length} looks are waiting`);
      return Math.min(...looks.map((job) => job.timestamp + job.delay)) - Date.now();
    },
    close: async () => {
      for (const release of held) release();
      await Promise.all(consumers.map((consumer) => consumer.close()));
      await redis.close();
      await cleanup();
    },
  };
  return fixture;
}
