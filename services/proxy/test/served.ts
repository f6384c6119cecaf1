import type { Model } from '@wakefield/domain';
import { openRedis, type RedisAccess } from '@wakefield/queue';
import { type Simulator, startSimulator } from '@wakefield/simulator';
import {
  captureLog,
  type StoreFixture,
  sampleSpec,
  storeFixture,
  type TestRedis,
  testRedis,
} from '@wakefield/testkit';

/** A model that is ready on a simulator, in real stores: what proxies that run as processes find. */
export interface Served {
  readonly store: StoreFixture;
  readonly redis: TestRedis;
  readonly access: RedisAccess;
  readonly engine: Simulator;
  /** `acme/small`. */
  readonly model: Model;
  close(): Promise<void>;
}

/** @param speed of the engine */
export async function serveModel(speed: {
  readonly tokensPerSecond: number;
  readonly maxConcurrency?: number;
}): Promise<Served> {
  const store = await storeFixture();
  const redis = testRedis();
  const { url, installation } = redis;
  const access = await openRedis({ url, installation, log: captureLog() });
  const engine = await startSimulator({ key: 'secret-of-1', models: ['acme/small'], ...speed });
  const model = await store.model({ spec: sampleSpec({ hfModelId: 'acme/small' }) });
  await store.job(model, 1, {
    phase: 'ready',
    address: { host: '127.0.0.1', port: engine.port },
    clusterJobId: '1',
    node: 'n1',
  });
  return {
    store,
    redis,
    access,
    engine,
    model,
    close: async () => {
      await engine.close();
      await access.close();
      await redis.cleanup();
      await store.close();
    },
  };
}
