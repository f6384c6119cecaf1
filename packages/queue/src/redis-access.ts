import type { Log } from '@wakefield/control';
import { AppError } from '@wakefield/domain';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { type QueueName, queueKind } from './catalog.ts';
import { watchServer } from './check-server.ts';
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
  /** For `/readyz`. @throws AppError `store_unavailable`: it does not answer, or may drop keys */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Connects to Redis. While Redis is away this does not fail: calls do, at once, and everything recovers when it is
 * back. A server that may drop keys under memory pressure is refused if it answers in time. One that comes later, or
 * takes its place, is told in the log and by `ping`: what is served without Redis goes on.
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
  const server = watchServer(produce, log);
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
    ping: async () => {
      await translated(() => produce.ping());
      const problem = server.problem();
      if (problem !== null) throw new AppError('store_unavailable', problem);
    },
    close: async () => {
      server.stop();
      await Promise.all([...queues.values()].map((queue) => settled(queue.close(), 1000)));
      for (const { disconnect } of open) disconnect();
    },
  };
  if (!(await settled(server.looked, patienceMs)))
    log.warn({ patienceMs }, 'redis does not answer yet; going on without');
  const problem = server.problem();
  if (problem === null) return access;
  await access.close();
  throw new Error(problem);
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
