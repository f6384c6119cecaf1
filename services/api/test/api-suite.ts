import { afterAll, beforeAll, jest } from '@jest/globals';
import type { Stores } from '@wakefield/control';
import { storeFixture, testRedis } from '@wakefield/testkit';
import { type ApiFixture, type ApiFixtureOptions, apiFixture } from './api-fixture.ts';

type StoreFixture = Awaited<ReturnType<typeof storeFixture>>;

/** An api for all tests of a file. Its parts are there from the first test on. */
export interface ApiSuite extends Omit<ApiFixture, 'close'> {
  readonly store: StoreFixture;
  readonly redis: ReturnType<typeof testRedis>;
}

export interface ApiSuiteOptions extends Omit<ApiFixtureOptions, 'stores' | 'redis'> {
  /** Activated before the first test. */
  readonly projects?: readonly string[];
  /** What the api sees of the stores. */
  readonly storesOf?: (stores: Stores) => Stores;
}

/** Makes an api on fresh real stores before the tests of a file, and closes it behind them. */
export function apiSuite({
  projects = [],
  storesOf = (stores) => stores,
  ...options
}: ApiSuiteOptions = {}): ApiSuite {
  // A loaded machine may be slow; a test that hangs is told by it all the same.
  jest.setTimeout(30_000);
  const redis = testRedis();
  let made: { readonly store: StoreFixture; readonly api: ApiFixture } | undefined;
  const parts = () => {
    if (made === undefined) throw new Error('the suite has not begun');
    return made;
  };

  beforeAll(async () => {
    const store = await storeFixture();
    const api = await apiFixture({ ...options, stores: storesOf(store.stores), redis });
    made = { store, api };
    for (const project of projects) await api.call('POST', '/p', { body: { project } });
  });
  afterAll(async () => {
    await made?.api.close();
    await redis.cleanup();
    await made?.store.close();
  });

  return {
    redis,
    get store() {
      return parts().store;
    },
    get url() {
      return parts().api.url;
    },
    get metrics() {
      return parts().api.metrics;
    },
    call: (method, path, call) => parts().api.call(method, path, call),
    log: () => parts().api.log(),
    startScheduler: () => parts().api.startScheduler(),
    publishMetrics: (jobId, figures) => parts().api.publishMetrics(jobId, figures),
  };
}
