import { afterEach, describe, expect, it } from '@jest/globals';
import type { RouteTable } from '@wakefield/domain';
import { createLogger } from '@wakefield/runtime';
import { createLiveRoutes, type LiveRoutes } from './live-routes.ts';
import type { PaceClock } from './pace.ts';

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
      new Promise<RouteTable>((resolve) => {
        const revision = store.now;
        const table = { revision, projects: [], routes: [], services: [], serving: [] };
        loads.push(() => resolve(table));
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
  const time = testClock();
  const routes = createLiveRoutes({ store, bus, logger, sweepMs, clock: time.clock });
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
  /** Lets as much time pass for the rests. */
  const pass = async (ms: number): Promise<void> => {
    await settle();
    time.pass(ms);
    await settle();
  };
  return {
    routes,
    loads,
    change,
    answer,
    nudge: (revision: number) => nudge(revision),
    store,
    pass,
  };
}

/** Stands still until it is told to pass. */
function testClock() {
  let at = 0;
  const rests = new Set<() => void>();
  const clock: PaceClock = {
    now: () => at,
    wait: (ms, signal) =>
      new Promise<void>((resolve, reject) => {
        const until = at + ms;
        const look = (): void => {
          if (at < until) return;
          rests.delete(look);
          resolve();
        };
        signal.addEventListener('abort', () => {
          rests.delete(look);
          reject(signal.reason);
        });
        rests.add(look);
      }),
  };
  const pass = (ms: number): void => {
    at += ms;
    for (const look of [...rests]) look();
  };
  return { clock, pass };
}

/** Everything that waits for nothing but its turn has had it. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

/** Live routes whose first load has come back, on such a store. */
async function started(sweepMs?: number) {
  const up = setUp(sweepMs);
  const start = up.routes.start();
  await settle();
  await up.answer();
  await start;
  return up;
}

describe('live routes', () => {
  it('load once for a nudge, and not again for one that tells what is known', async () => {
    const { routes, loads, change, answer, nudge } = await started();
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
    const { routes, loads, change, answer, pass } = await started();
    change();
    await pass(20);
    await answer();
    for (let count = 0; count < 50; count += 1) {
      change();
      await settle();
    }
    await pass(4 * 20 - 1);
    expect(loads).toHaveLength(2);
    await pass(1);
    expect(loads).toHaveLength(3);
    await answer();
    expect(routes.current()?.revision).toBe(52);
  });

  it('do not rest before a load for which a caller waits', async () => {
    const { routes, loads, change, answer, pass } = await started();
    change();
    await pass(150);
    await answer();
    change();
    await settle();
    expect(loads).toHaveLength(2);
    const caughtUp = routes.catchUp().then(() => routes.current()?.revision);
    await settle();
    expect(loads).toHaveLength(3);
    await answer();
    expect(await caughtUp).toBe(3);
  });

  it('look again for a caller whose name came behind the load under way, without a rest', async () => {
    const { routes, loads, change, answer, pass } = await started();
    change();
    await pass(150);
    change();
    const first = routes.catchUp();
    const second = routes.catchUp().then(() => routes.current()?.revision);
    await answer();
    expect(loads).toHaveLength(3);
    await answer();
    await first;
    expect(await second).toBe(3);
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
    const { routes, loads, answer, pass, store } = await started(5);
    for (const revision of [7, 3]) {
      const before = loads.length;
      store.now = revision;
      while (loads.length === before) {
        await new Promise((resolve) => setTimeout(resolve, 2));
        await pass(100);
      }
      await answer();
      expect(routes.current()?.revision).toBe(revision);
    }
  });
});
