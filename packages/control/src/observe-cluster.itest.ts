import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  type CapturedLog,
  captureLog,
  SAMPLE_NOW,
  type StoreFixture,
  storeFixture,
} from '@wakefield/testkit';
import { type ObserveClusterDeps, observeCluster } from './observe-cluster.ts';
import { type ClusterDriver, ClusterError } from './ports/cluster.ts';

let store: StoreFixture;
let log: CapturedLog;
let looks: number[];

beforeAll(async () => {
  store = await storeFixture();
});
beforeEach(async () => {
  log = captureLog();
  looks = [];
  const status = { reachable: true, observedAt: now - 500, error: null, silence: null };
  await store.stores.clusters.save('here', { ...status, nextLookAt: now });
});
afterAll(() => store.close());

const now = SAMPLE_NOW;
const cadence = { busyMs: 2_000, quietMs: 20_000, patienceMs: 45_000 };
const silent = new ClusterError('unreachable', 'login: no answer in time');

function depsWith(observe: ClusterDriver['observe'], at = now): ObserveClusterDeps {
  const driver = { name: 'here', cadence, observe } as Partial<ClusterDriver> as ClusterDriver;
  const nothing = async () => undefined;
  return {
    ...store.stores,
    holder: 'tester',
    drivers: new Map([['here', driver]]),
    bounds: { look: nothing },
    routeBus: { publish: nothing },
    metricsBoard: { publishGpus: nothing },
    nudges: {
      cluster: async (_: string, delayMs: number) => {
        looks.push(delayMs);
      },
      model: nothing,
      service: nothing,
      metrics: nothing,
      probe: nothing,
    } as Partial<ObserveClusterDeps['nudges']> as ObserveClusterDeps['nudges'],
    telemetry: {
      jobAdvanced: () => undefined,
      observed: () => undefined,
    } as Partial<ObserveClusterDeps['telemetry']> as ObserveClusterDeps['telemetry'],
    clock: { now: () => at },
    log,
  };
}

const status = async () => (await store.stores.clusters.list()).get('here');

describe('a look', () => {
  test('that this process gives up says nothing of the cluster', async () => {
    const before = await status();
    const stop = new AbortController();
    const reason = new Error('the process ends');
    // As the remote shell tells it: whoever waited was told to stop.
    const givenUp = (_: unknown, signal: AbortSignal) =>
      new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(silent), { once: true });
        stop.abort(reason);
      });
    await expect(observeCluster(depsWith(givenUp), 'here', stop.signal)).rejects.toBe(reason);
    expect(await status()).toEqual(before);
    expect([looks, log.has('cluster does not answer')]).toEqual([[], false]);
  });

  test('that fails is followed soon by the next one, then later and later', async () => {
    let at = now;
    for (let turn = 0; turn < 12; turn += 1) {
      const deps = depsWith(async () => {
        throw silent;
      }, at);
      await observeCluster(deps, 'here', new AbortController().signal);
      const next = looks.at(-1) ?? 0;
      expect(await status()).toMatchObject({ reachable: false, nextLookAt: at + next });
      at += next;
    }
    expect(looks.slice(0, 4)).toEqual([2_000, 4_000, 6_000, 8_000]);
    expect(looks.slice(-2)).toEqual([8_000, 8_000]);
  });
});
