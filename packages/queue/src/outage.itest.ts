import { afterEach, describe, expect, test } from '@jest/globals';
import {
  captureLog,
  demandOf,
  type PrivateRedis,
  privateRedis,
  startQueueWorker,
  until,
} from '@wakefield/testkit';
import { Redis } from 'ioredis';
import { type Consumer, consume } from './consume.ts';
import { createDemandBoard } from './demand-board.ts';
import { createMetricsBoard } from './metrics-board.ts';
import { createNudges } from './nudges.ts';
import { queueFigures } from './queue-figures.ts';
import { openRedis, type RedisAccess } from './redis-access.ts';
import { createRouteBus } from './route-bus.ts';
import { startSweepTicker } from './sweep-ticker.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function server(options?: { readonly started: boolean }): Promise<PrivateRedis> {
  const redis = await privateRedis(options);
  closers.push(redis.cleanup);
  return redis;
}

async function access({ url, installation }: PrivateRedis, patienceMs = 2000) {
  const log = captureLog();
  const redis = await openRedis({ url, installation, log, patienceMs });
  closers.push(redis.close);
  return { redis, log };
}

function countRuns(redis: RedisAccess): { readonly runs: string[] } {
  const runs: string[] = [];
  const note = (job: string) => async (id: string) => runs.push(`${job} ${id}`);
  const consumers: Consumer[] = [
    consume(redis, 'reconcile', { model: note('model') }),
    consume(redis, 'sweep', { sweep: note('sweep') }),
  ];
  for (const { close } of consumers) closers.push(close);
  return { runs };
}

/** Longest that a call may take to say that Redis is away. */
const failFastMs = 900;

async function expectAway(redis: RedisAccess): Promise<void> {
  const calls = [
    () => createNudges(redis).command('c1'),
    () => createNudges(redis).model('m1'),
    () => createNudges(redis).cluster('a', 0),
    () => createNudges(redis).cluster('a', 1000),
    () => createNudges(redis).probe('j1'),
    () => createRouteBus(redis).publish(1),
    () => createDemandBoard(redis).publish('p1', { models: new Map() }),
    () => queueFigures(redis),
    () => redis.ping(),
  ];
  for (const call of calls) {
    const startedAt = performance.now();
    await expect(call()).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(performance.now() - startedAt).toBeLessThan(failFastMs);
  }
  expect(await createDemandBoard(redis).readMany(['m1'])).toBeNull();
  expect(await createMetricsBoard(redis).read(['j1'])).toEqual(new Map());
}

describe('Redis is away at the start', () => {
  test('calls fail fast, and everything comes by itself when it appears', async () => {
    const host = await server({ started: false });
    const { redis, log } = await access(host, 100);
    expect(log.has('redis does not answer yet; going on without')).toBe(true);
    await expectAway(redis);
    const { runs } = countRuns(redis);
    const heard: number[] = [];
    const bus = createRouteBus(redis);
    await bus.subscribe((revision) => heard.push(revision));
    const ticker = startSweepTicker(redis, { everyMs: 200 });
    closers.push(ticker.close);

    await host.start();
    await until(() => runs.includes('sweep all'));
    await createNudges(redis).model('m1');
    await until(() => runs.includes('model m1'));
    await until(async () => {
      await bus.publish(5);
      return heard.includes(5);
    });
    expect(log.has('redis connection back')).toBe(true);
  }, 60_000);
});

describe('Redis goes away and comes back empty', () => {
  test('calls fail fast meanwhile; workers, sweep, bus and boards recover', async () => {
    const host = await server();
    const { redis, log } = await access(host);
    const nudges = createNudges(redis);
    const { runs } = countRuns(redis);
    const bus = createRouteBus(redis);
    const heard: number[] = [];
    await bus.subscribe((revision) => heard.push(revision));
    const ticker = startSweepTicker(redis, { everyMs: 200 });
    closers.push(ticker.close);
    const board = createDemandBoard(redis, { settleMs: 0 });
    await nudges.model('before');
    await until(() => runs.includes('model before') && runs.includes('sweep all'));

    await host.kill();
    await until(() => log.has('redis connection lost'));
    await expectAway(redis);
    expect(log.lines.filter(({ message }) => message === 'sweep not enqueued').length).toBeLessThan(
      2,
    );

    const sweeps = () => runs.filter((run) => run === 'sweep all').length;
    const sweepsBefore = sweeps();
    await host.start();
    await until(() => sweeps() > sweepsBefore);
    await nudges.model('after');
    await until(() => runs.includes('model after'));
    await until(async () => {
      await bus.publish(9);
      return heard.includes(9);
    });
    await board.publish('p1', { models: new Map() });
    expect(await demandOf(board, 'm1')).toMatchObject({ running: 0 });
  }, 60_000);

  test('a process can end in order while Redis is away', async () => {
    const host = await server();
    const worker = startQueueWorker(host.url, host.installation);
    closers.push(() => worker.kill('SIGKILL'));
    expect(await worker.line()).toBe('ready');
    await host.kill();
    const startedAt = performance.now();
    worker.kill('SIGTERM');
    expect(await worker.exited).toEqual([0, null]);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  }, 60_000);
});

describe('Redis hangs', () => {
  test('nobody waits for it longer than a second or two, and it is used again when it answers', async () => {
    const host = await server();
    closers.push(host.thaw);
    const { redis } = await access(host);
    const { runs } = countRuns(redis);
    const nudges = createNudges(redis);
    host.freeze();
    const startedAt = performance.now();
    await expect(nudges.model('m1')).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(await createDemandBoard(redis).readMany(['m1'])).toBeNull();
    expect(performance.now() - startedAt).toBeLessThan(3500);
    host.thaw();
    await until(async () => {
      await nudges.model('m2').catch(() => undefined);
      return runs.includes('model m2');
    });
  }, 60_000);
});

describe('FLUSHALL', () => {
  test('costs the waiting nudges and nothing else', async () => {
    const host = await server();
    const { redis } = await access(host);
    const nudges = createNudges(redis);
    const { runs } = countRuns(redis);
    const running = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const observer = consume(redis, 'observe', {
      cluster: async (name) => {
        runs.push(`cluster ${name}`);
        running.resolve();
        await release.promise;
      },
      metrics: async () => undefined,
    });
    closers.push(observer.close);
    const ticker = startSweepTicker(redis, { everyMs: 200 });
    closers.push(ticker.close);
    await nudges.cluster('a', 0);
    await running.promise;
    await nudges.cluster('a', 0);
    await nudges.cluster('a', 60_000);
    await until(() => runs.includes('sweep all'));

    await redis.produce.flushall();
    release.resolve();
    const sweeps = () => runs.filter((run) => run === 'sweep all').length;
    const before = sweeps();
    await until(() => sweeps() > before + 1);
    // No identity is left over that would swallow the next nudge.
    await nudges.cluster('a', 0);
    await until(() => runs.filter((run) => run === 'cluster a').length >= 2);
    await nudges.cluster('a', 50);
    await until(() => runs.filter((run) => run === 'cluster a').length >= 3);
    await nudges.model('m1');
    await until(() => runs.includes('model m1'));
  }, 60_000);
});

describe('a server that may drop keys', () => {
  const policy = (name: string) => ['CONFIG', 'SET', 'maxmemory-policy', name] as const;
  const tell = async ({ url }: PrivateRedis, [command, ...words]: readonly string[]) => {
    const client = new Redis(url);
    await client.call(command ?? '', ...words);
    client.disconnect();
  };
  const unfit = 'redis is not fit for queues';
  const problemOf = (redis: RedisAccess): Promise<string | null> =>
    redis.ping().then(
      () => null,
      (error: Error) => error.message,
    );

  test('is refused in plain words', async () => {
    const host = await server();
    await tell(host, policy('allkeys-lru'));
    const { url, installation } = host;
    await expect(openRedis({ url, installation, log: captureLog() })).rejects.toThrow(
      /maxmemory-policy allkeys-lru.*noeviction/s,
    );
  });

  test.each<[string, (host: PrivateRedis) => Promise<RedisAccess>]>([
    [
      'comes later than anybody waits for it',
      async (host) => {
        await tell(host, policy('allkeys-lru'));
        host.freeze();
        try {
          const { redis } = await access(host, 100);
          expect(redis.isUp()).toBe(false);
          return redis;
        } finally {
          host.thaw();
        }
      },
    ],
    [
      'takes the place of another one',
      async (host) => {
        const { redis } = await access(host);
        await redis.ping();
        await tell(host, policy('allkeys-lru'));
        await tell(host, ['CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes']);
        return redis;
      },
    ],
  ])(
    'is told when it %s, and until it is mended',
    async (_, meet) => {
      const host = await server();
      closers.push(host.thaw);
      const redis = await meet(host);
      const log = redis.log as ReturnType<typeof captureLog>;
      await until(async () => /allkeys-lru/.test((await problemOf(redis)) ?? ''));
      expect(log.lines.filter(({ message }) => message === unfit)).toHaveLength(1);
      await tell(host, policy('noeviction'));
      await until(async () => (await problemOf(redis)) === null, 20_000);
      expect(log.has('redis is fit for queues again')).toBe(true);
    },
    60_000,
  );
});
