import type { Log } from '@wakefield/control';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { type QueueName, queueKind } from './catalog.ts';
import { checkServer } from './check-server.ts';
import { type OwnedConnection, openConnection } from './connection.ts';
import { translated } from './queue-error.ts';
import type { RedisProfile } from './redis-profiles.ts';
import { settled } from './settled.ts';

export interface RedisAccessOptions {
  readonly url: string;
  /** Short id of this installation: several may share a Redis. */
  readonly installation: string;
  readonly log: Log;
  /** How long to wait for the first connection before going on without. Default 2000. */
  readonly patienceMs?: number;
}

/** One process's way to Redis; everything else in this package is made from it. */
export interface RedisAccess {
  /** `{wakefield:<installation>}`: one hash slot, so that a Redis Cluster keeps a queue's keys together. */
  readonly prefix: string;
  readonly log: Log;
  /** Shared connection that fails fast. */
  readonly produce: Redis;
  /** Whether calls have a chance now. */
  isUp(): boolean;
  /** A connection of its own for a worker or a subscriber. Closed by its owner, or with the access. */
  connect(profile: Exclude<RedisProfile, 'produce'>): OwnedConnection;
  /** The producer's side of a queue; one object per name. */
  queue(name: QueueName): Queue;
  /** For `/readyz`. @throws AppError `store_unavailable` */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Connects to Redis. While Redis is away this does not fail: calls do, at once, and everything recovers when it is
 * back. A server that may drop keys under memory pressure is refused if it answers in time.
 * @throws {Error} in plain words when the server's maxmemory-policy is not `noeviction`
 */
export async function openRedis(options: RedisAccessOptions): Promise<RedisAccess> {
  const { url, installation, log, patienceMs = 2000 } = options;
  const prefix = `{wakefield:${installation}}`;
  const open: OwnedConnection[] = [];
  const queues = new Map<QueueName, Queue>();

  const connect = (profile: RedisProfile): OwnedConnection => {
    const owned = openConnection(url, `wakefield-${installation}-${profile}`, profile, log);
    open.push(owned);
    return owned;
  };

  const { connection: produce } = connect('produce');
  const access: RedisAccess = {
    prefix,
    log,
    produce,
    isUp: () => produce.status === 'ready',
    connect,
    queue: (name) => {
      const known = queues.get(name);
      if (known !== undefined) return known;
      const queue = makeQueue(name, access);
      queues.set(name, queue);
      return queue;
    },
    ping: () =>
      translated(async () => {
        await produce.ping();
      }),
    close: async () => {
      await Promise.all([...queues.values()].map((queue) => settled(queue.close(), 1000)));
      for (const { disconnect } of open) disconnect();
    },
  };
  if (await becomesReady(produce, patienceMs)) await refuseUnfit(access);
  else log.warn({ patienceMs }, 'redis does not answer yet; going on without');
  return access;
}

async function refuseUnfit(access: RedisAccess): Promise<void> {
  try {
    await checkServer(access.produce, access.log);
  } catch (error) {
    await access.close();
    throw error;
  }
}

function makeQueue(name: QueueName, { prefix, produce, log }: RedisAccess): Queue {
  const { completed, failed } = queueKind(name).keep;
  const queue = new Queue(name, {
    connection: produce,
    prefix,
    // Together they make a queue that exists while Redis does not, and whose calls then fail at once. What BullMQ
    // would check is checked by openRedis.
    skipWaitingForReady: true,
    skipVersionCheck: true,
    skipMetasUpdate: true,
    defaultJobOptions: {
      attempts: 1,
      removeOnComplete: completed === 0 ? true : { count: completed },
      removeOnFail: failed === 0 ? true : { count: failed },
    },
  });
  // The connection's own listener has told the log.
  queue.on('error', (error) => log.debug({ err: error, queue: name }, 'queue error'));
  return queue;
}

async function becomesReady(connection: Redis, patienceMs: number): Promise<boolean> {
  if (connection.status === 'ready') return true;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const onReady = (): void => resolve(true);
  const timer = setTimeout(() => resolve(false), patienceMs);
  connection.once('ready', onReady);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    connection.off('ready', onReady);
  }
}
