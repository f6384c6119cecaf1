import { afterEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '@wakefield/runtime';
import { createLiveRoutes, type LiveRoutes } from './live-routes.ts';

const never = 3_600_000;
let live: LiveRoutes | null = null;

afterEach(() => live?.close());

/** Live routes on a store that answers a load when it is told to, with what its revision was when it was asked. */
function setUp(sweepMs = never) {
  const loads: (() => void)[] = [];
  const store = {
    now: 1,
    revision: async () => store.now,
    load: () =>
      new Promise<{ revision: number; projects: []; routes: []; serving: [] }>((resolve) => {
        const table = { revision: store.now, projects: [], routes: [], serving: [] } as const;
        loads.push(() => resolve({ ...table, projects: [], routes: [], serving: [] }));
      }),
  };
  let nudge = (_revision: number): void => undefined;
  const bus = {
    subscribe: async (listener: (revision: number) => void) => {
      nudge = listener;
      return async () => undefined;
    },
  };
  const logger = createLogger({ service: 'proxy', level: 'fatal' });
  const routes = createLiveRoutes({ store, bus, logger, sweepMs });
  live = routes;
  const change = (): void => {
    store.now += 1;
    nudge(store.now);
  };
  /** Lets the newest load come back. */
  const answer = async (): Promise<void> => {
    loads.at(-1)?.();
    await settle();
  };
  return { routes, loads, change, answer, nudge: (revision: number) => nudge(revision), store };
}

/** Everything that waits for nothing but its turn has had it. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('live routes', () => {
  it('load once for a nudge, and not again for one that tells what is known', async () => {
    const { routes, loads, change, answer, nudge } = setUp();
    const started = routes.start();
    await settle();
    await answer();
    await started;
    change();
    await answer();
    expect(routes.current()?.revision).toBe(2);
    for (const revision of [2, 1, 2]) nudge(revision);
    await settle();
    expect(loads).toHaveLength(2);
  });

  it('load once more after a burst, however long it was', async () => {
    const { routes, loads, change, answer } = setUp();
    void routes.start();
    await settle();
    for (let count = 0; count < 100; count += 1) change();
    await answer();
    expect(routes.current()?.revision).toBe(1);
    expect(loads).toHaveLength(2);
    await answer();
    expect(routes.current()?.revision).toBe(101);
    expect(loads).toHaveLength(2);
  });

  it('rest between loads while changes come one after the other', async () => {
    const { routes, loads, change, answer } = setUp();
    void routes.start();
    await settle();
    await answer();
    change();
    const startedAt = performance.now();
    await new Promise((resolve) => setTimeout(resolve, 20));
    await answer();
    for (let count = 0; count < 50; count += 1) {
      change();
      await settle();
    }
    expect(loads).toHaveLength(2);
    while (loads.length === 2) await new Promise((resolve) => setTimeout(resolve, 2));
    expect(performance.now() - startedAt).toBeGreaterThan(4 * 20);
    await answer();
    expect(routes.current()?.revision).toBe(52);
    expect(loads).toHaveLength(3);
  });

  it('do not load again when the load under way has brought what it was told of', async () => {
    const { routes, loads, answer, nudge, store } = setUp();
    store.now = 5;
    void routes.start();
    await settle();
    nudge(4);
    nudge(5);
    await answer();
    expect(routes.current()?.revision).toBe(5);
    expect(loads).toHaveLength(1);
  });

  it('notice by the sweep what nobody told, a revision that went back, too', async () => {
    const { routes, loads, answer, store } = setUp(5);
    void routes.start();
    await settle();
    await answer();
    for (const revision of [7, 3]) {
      const before = loads.length;
      store.now = revision;
      while (loads.length === before) await new Promise((resolve) => setTimeout(resolve, 2));
      await answer();
      expect(routes.current()?.revision).toBe(revision);
    }
  });
});
