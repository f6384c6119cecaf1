import type { SessionStore } from '@wakefield/control';
import { translated } from './queue-error.ts';
import type { RedisAccess } from './redis-access.ts';

/** What ran out and was claimed by somebody else is theirs. */
const releaseScript =
  "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0";

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
  };
}

/** Redis takes whole milliseconds, one at least. */
function whole(ms: number): number {
  return Math.max(1, Math.ceil(ms));
}
