import { consume, openRedis, queueNames, type RedisAccess } from '@wakefield/queue';
import { captureLog, type StoreFixture, storeFixture, testRedis } from '@wakefield/testkit';
import { handlers, type SchedulerDeps } from '../src/consumers.ts';

/** Real stores, queues and consumers that many worlds share, one after the other. */
export interface Ground {
  readonly store: StoreFixture;
  readonly redis: RedisAccess;
  /** Who gets the next delivery. */
  deliverTo(next: () => SchedulerDeps): void;
  /** Resolves when nothing waits or runs in any queue. */
  quiet(): Promise<void>;
  /** What a restart of Redis without its data leaves: nothing. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

export async function openGround(): Promise<Ground> {
  const { cleanup, ...access } = testRedis();
  const store = await storeFixture();
  const redis = await openRedis({ ...access, log: captureLog() });
  let next = (): SchedulerDeps => {
    throw new Error('nobody is at work');
  };
  const consumers = [
    consume(redis, 'commands', {
      command: (id, run) => handlers(next()).commands.command(id, run),
    }),
    consume(redis, 'activations', {
      activation: (id, run) => handlers(next()).activations.activation(id, run),
    }),
    consume(redis, 'reconcile', {
      model: (id, run) => handlers(next()).reconcile.model(id, run),
    }),
    consume(redis, 'services', {
      service: (id, run) => handlers(next()).services.service(id, run),
    }),
    consume(redis, 'notices', {
      notices: (id, run) => handlers(next()).notices.notices(id, run),
    }),
    consume(redis, 'observe', {
      cluster: (id, run) => handlers(next()).observe.cluster(id, run),
      metrics: (id, run) => handlers(next()).observe.metrics(id, run),
    }),
    consume(redis, 'probe', {
      probe: (id, run) => handlers(next()).probe.probe(id, run),
    }),
  ];
  const keys = queueNames.flatMap((name) =>
    ['wait', 'active'].map((list) => `${redis.prefix}:${name}:${list}`),
  );
  return {
    store,
    redis,
    deliverTo: (to) => {
      next = to;
    },
    quiet: async () => {
      for (let calm = 0; calm < 2; ) {
        const pipeline = redis.produce.pipeline();
        for (const key of keys) pipeline.llen(key);
        const lengths = (await pipeline.exec()) ?? [];
        calm = lengths.every(([, length]) => length === 0) ? calm + 1 : 0;
        if (calm < 2) await new Promise((resolve) => setTimeout(resolve, 1));
      }
    },
    flush: cleanup,
    close: async () => {
      await Promise.all(consumers.map((consumer) => consumer.close()));
      await redis.close();
      await cleanup();
      await store.close();
    },
  };
}
