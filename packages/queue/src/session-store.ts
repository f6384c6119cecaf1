import type { SessionStore } from '@wakefield/control';
import { translated } from './queue-error.ts';
import type { RedisAccess } from './redis-access.ts';

/** What ran out and was claimed by somebody else is theirs. */
const releaseScript =
  "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0";

/**
 * A list holds until when each of it counts, by the clock of Redis. ARGV: one of it, for how many milliseconds, how many there may be.
 */
const enlistScript = `
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local isIn = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not isIn and redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 1`;

/** Sessions as expiring keys of Redis. What is in them their owner has sealed. */
export function createSessionStore({ produce, prefix }: RedisAccess): SessionStore {
  const keyOf = (name: string) => `${prefix}:session:${name}`;
  return {
    put: (name, value, lifeMs) =>
      translated(async () => {
        await produce.set(keyOf(name), value, 'PX', whole(lifeMs));
      }),
    replace: (name, value, lifeMs) =>
      translated(
        async () => (await produce.set(keyOf(name), value, 'PX', whole(lifeMs), 'XX')) === 'OK',
      ),
    settle: (name, value) =>
      translated(async () => {
        await produce.set(keyOf(name), value, 'NX');
        return (await produce.get(keyOf(name))) ?? value;
      }),
    get: (name) => translated(() => produce.get(keyOf(name))),
    take: (name) => translated(() => produce.getdel(keyOf(name))),
    claim: (name, owner, lifeMs) =>
      translated(
        async () => (await produce.set(keyOf(name), owner, 'PX', whole(lifeMs), 'NX')) === 'OK',
      ),
    release: (name, owner) =>
      translated(async () => {
        await produce.eval(releaseScript, 1, keyOf(name), owner);
      }),
    enlist: (list, one, lifeMs, most) =>
      translated(
        async () =>
          (await produce.eval(enlistScript, 1, keyOf(list), one, whole(lifeMs), most)) === 1,
      ),
    discharge: (list, one) =>
      translated(async () => {
        await produce.zrem(keyOf(list), one);
      }),
  };
}

/** Redis takes whole milliseconds, one at least. */
function whole(ms: number): number {
  return Math.max(1, Math.ceil(ms));
}
