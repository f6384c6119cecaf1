import { describe, expect, test } from '@jest/globals';
import type { RouteBus, Stores } from '@wakefield/control';
import { type Calls, Death, Life, mortalStores } from '../test/mortal.ts';

/** Stores of which only this call is there. */
const storesWith = (putOff: () => Promise<void>): Stores =>
  ({ models: { putOff, get: async () => null } }) as unknown as Stores;

describe('calls of a port', () => {
  test('are all named, or it does not compile', () => {
    const named: Calls<RouteBus> = { publish: 'effect', subscribe: 'read' };
    // @ts-expect-error subscribe is neither an effect nor a read
    const forgotten: Calls<RouteBus> = { publish: 'effect' };
    // @ts-expect-error there is no such call
    const invented: Calls<RouteBus> = { publish: 'effect', subscribe: 'read', unpublish: 'effect' };
    expect([named, forgotten, invented]).toHaveLength(3);
  });
});

describe('a process that dies over one effect', () => {
  const away: Readonly<Record<Exclude<keyof Stores, 'models'>, object>> = {
    commands: {},
    jobs: {},
    projects: {},
    routes: {},
    leases: {},
    clusters: {},
    usage: {},
    services: {},
    notices: {},
  };

  test('dies when it puts models off, and not when it reads', async () => {
    let done = 0;
    const putOff = async () => {
      done += 1;
    };
    const stores = { ...away, ...storesWith(putOff) };
    const life = new Life({ effect: 'models.putOff', occurrence: 1 }, 'dies after');
    const { models } = mortalStores(life, stores);
    expect(await models.get('m1')).toBeNull();
    expect(life.struck).toBe(false);
    await expect(models.putOff([])).rejects.toThrow(Death);
    expect([life.effects, life.struck, done]).toEqual([['models.putOff'], true, 1]);
    await expect(models.get('m1')).rejects.toThrow(Death);
  });

  test('dies over that one, whatever came before', async () => {
    const life = new Life({ effect: 'b', occurrence: 2 }, 'unheard');
    const lost = () => new Error('lost');
    const does = (name: string) => life.effect(name, lost, async () => name);
    for (const name of ['a', 'b', 'a', 'c']) expect(await does(name)).toBe(name);
    expect(life.struck).toBe(false);
    await expect(does('b')).rejects.toThrow('lost');
    expect(life.struck).toBe(true);
    expect(await does('a')).toBe('a');
    expect(await does('b')).toBe('b');
  });
});
