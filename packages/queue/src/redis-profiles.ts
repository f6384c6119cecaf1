/**
 * - `produce`   commands of requests and loops: fails at once while Redis is away, nothing is queued up or sent twice
 * - `consume`   workers: waits for Redis for ever (BullMQ asks for `maxRetriesPerRequest: null`)
 * - `subscribe` pub/sub: comes back with its subscriptions
 */
export type RedisProfile = 'produce' | 'consume' | 'subscribe';

/** Options of ioredis that Wakefield sets. */
export interface ProfileOptions {
  readonly connectTimeout: number;
  readonly keepAlive: number;
  readonly retryStrategy: (times: number) => number;
  readonly maxRetriesPerRequest: number | null;
  readonly enableOfflineQueue: boolean;
  readonly autoResendUnfulfilledCommands: boolean;
  readonly commandTimeout?: number;
}

const shared = {
  connectTimeout: 5000,
  keepAlive: 10_000,
  // Redis comes back within seconds; nobody should wait longer for us to notice.
  retryStrategy: (times: number) => Math.min(50 * 2 ** Math.min(times, 5), 1000),
} as const;

const patient: ProfileOptions = {
  ...shared,
  maxRetriesPerRequest: null,
  enableOfflineQueue: true,
  autoResendUnfulfilledCommands: true,
};

/** How ioredis behaves in each role. */
export const redisProfiles: Readonly<Record<RedisProfile, ProfileOptions>> = {
  produce: {
    ...shared,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    // A server that hangs is as bad as one that is away: requests wait for these calls.
    commandTimeout: 1000,
  },
  consume: patient,
  subscribe: patient,
};
