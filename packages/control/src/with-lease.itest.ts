import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type CapturedLog, captureLog, type StoreFixture, storeFixture } from '@wakefield/testkit';
import { LeaseLostError } from './ports/stores.ts';
import { type WithLeaseDeps, withLease } from './with-lease.ts';

let store: StoreFixture;
let log: CapturedLog;
let deps: WithLeaseDeps;
let key: string;
let turn = 0;

beforeAll(async () => {
  store = await storeFixture();
});
beforeEach(() => {
  turn += 1;
  key = `cluster:test-${turn}`;
  log = captureLog();
  deps = { leases: store.stores.leases, log, holder: 'one' };
});
afterAll(() => store.close());

const forever = new AbortController().signal;
const expire = () =>
  store.sql("update leases set expires_at = now() - interval '1 s' where key = $1", [key]);
const isFree = async () => {
  const lease = await store.stores.leases.acquire(key, 'another', 1_000);
  if (lease !== null) await store.stores.leases.release(lease);
  return lease !== null;
};
/** Work that has its lease, and goes on until the gate opens. */
const underWay = async (signal: AbortSignal) => {
  const gate = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const worked = withLease(deps, key, signal, () => {
    begun.resolve();
    return gate.promise;
  });
  await begun.promise;
  return { gate, worked };
};

describe('work under a lease', () => {
  test('runs once at a time, and the lease is free afterwards', async () => {
    const { gate, worked: first } = await underWay(forever);
    const second = await withLease(deps, key, forever, async () => {
      throw new Error('ran beside the first');
    });
    expect(second).toBe(false);
    gate.resolve();
    expect(await first).toBe(true);
    expect(await isFree()).toBe(true);
  });

  test('that fails frees the lease and tells why', async () => {
    const failing = withLease(deps, key, forever, async () => {
      throw new Error('a fault');
    });
    await expect(failing).rejects.toThrow('a fault');
    expect(await isFree()).toBe(true);
  });

  test('keeps the lease for as long as it takes', async () => {
    const expiry = async () => {
      const [row] = await store.sql('select expires_at from leases where key = $1', [key]);
      return Number(row?.expires_at);
    };
    await withLease(deps, key, forever, async () => {
      const atFirst = await expiry();
      while ((await expiry()) === atFirst) await wait(50);
      expect(await expiry()).toBeGreaterThan(atFirst);
    });
  }, 20_000);

  test('is told to stop when the lease is lost, and its failure is no failure then', async () => {
    const worked = withLease(deps, key, forever, async (_lease, signal) => {
      await expire();
      await wait(20_000, undefined, { signal });
    });
    await expect(worked).resolves.toBe(true);
    expect(log.has('lease lost')).toBe(true);
  }, 30_000);

  test('ends quietly when a write is refused', async () => {
    await withLease(deps, key, forever, async () => {
      throw new LeaseLostError(key);
    });
    expect(log.has('lease lost')).toBe(true);
  });

  test('does not free the lease of whoever took it over', async () => {
    await withLease(deps, key, forever, async () => {
      await expire();
      const taken = await store.stores.leases.acquire(key, 'another', 60_000);
      expect(taken).not.toBeNull();
    });
    expect(await isFree()).toBe(false);
  });

  test('is told to stop when its own time is over', async () => {
    const stop = new AbortController();
    const worked = withLease(deps, key, stop.signal, async (_lease, signal) => {
      stop.abort(new Error('shutdown'));
      signal.throwIfAborted();
    });
    await expect(worked).rejects.toThrow('shutdown');
    expect(await isFree()).toBe(true);
  });

  test.each([
    ['fail', () => Promise.reject(new Error('away'))],
    ['are not answered', () => new Promise<boolean>(() => undefined)],
  ])(
    'is told to stop before the lease may be taken over when renewals %s',
    async (_how, renew) => {
      deps = { ...deps, leases: { ...deps.leases, renew } };
      await withLease(deps, key, forever, async (_lease, signal) => {
        await wait(20_000, undefined, { signal }).catch(() => undefined);
        expect(signal.reason).toBeInstanceOf(LeaseLostError);
        expect(await isFree()).toBe(false);
      });
    },
    30_000,
  );

  test('that does not stop when it is told to keeps the lease no longer than its term', async () => {
    const stop = new AbortController();
    const { gate, worked } = await underWay(stop.signal);
    stop.abort(new Error('time limit'));
    const deadline = performance.now() + 20_000;
    while (!(await isFree()) && performance.now() < deadline) await wait(100);
    expect(await isFree()).toBe(true);
    gate.resolve();
    await worked;
  }, 30_000);
});
