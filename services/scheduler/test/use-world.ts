import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
import type { ClusterName } from '@wakefield/domain';
import { type Ground, openGround } from './ground.ts';
import { openWorld, type World } from './world.ts';

/**
 * Ground for all tests of a file, and on it a world that is new for each test; nobody is at work in it yet.
 * @param others clusters besides `here`
 */
export function useWorld(others: readonly ClusterName[] = []): {
  readonly ground: Ground;
  readonly world: World;
} {
  let ground: Ground;
  let world: World;
  beforeAll(async () => {
    ground = await openGround();
  });
  beforeEach(() => {
    world = openWorld(ground, others);
  });
  afterEach(() => world.close());
  afterAll(() => ground.close());
  return { ground: theOneThere(() => ground), world: theOneThere(() => world) };
}

/** Stands for whatever is there at the moment of a call, so that tests may name it before it is. */
function theOneThere<T extends object>(now: () => T): T {
  return new Proxy({} as T, {
    get: (_, key) => Reflect.get(now(), key),
    set: (_, key, value) => Reflect.set(now(), key, value),
  });
}
