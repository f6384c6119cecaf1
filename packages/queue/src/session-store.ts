import type { SessionStore } from '@wakefield/control';
import { translated } from './queue-error.ts';
import type { RedisAccess } from './redis-access.ts';

/** Sessions as expiring keys of Redis. What is in them their owner has sealed. */
export function createSessionStore({ produce, prefix }: RedisAccess): SessionStore {
  const keyOf = (name: string) => `${prefix}:session:${name}`;
  return {
    put: (name, value, lifeMs) =>
      translated(async () => {
        await produce.set(keyOf(name), value, 'PX', Math.max(1, Math.ceil(lifeMs)));
      }),
    settle: (name, value) =>
      translated(async () => {
        await produce.set(keyOf(name), value, 'NX');
        return (await produce.get(keyOf(name))) ?? value;
      }),
    get: (name) => translated(() => produce.get(keyOf(name))),
    remove: (name) =>
      translated(async () => {
        await produce.del(keyOf(name));
      }),
    claim: (name, lifeMs) =>
      translated(async () => (await produce.set(keyOf(name), '1', 'PX', lifeMs, 'NX')) === 'OK'),
  };
}
