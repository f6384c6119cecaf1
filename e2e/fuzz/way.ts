import {
  defaultSettings,
  endpoint,
  type Harness,
  startHarness,
} from '../../services/proxy/test/harness.ts';
import { startApi } from './api.ts';
import type { Behind } from './behind.ts';
import { startEngine } from './engine.ts';

/** A proxy with what is behind it. */
export interface Way {
  readonly proxy: Harness;
  readonly engine: Behind;
  readonly api: Behind;
  /** What did not end with its client, as words; empty. */
  remains(): Promise<readonly string[]>;
  /** Lets go of what only tests keep: whatever grows then is the proxy. */
  forget(): void;
  stop(): Promise<void>;
}

/** Times that no request of a fuzzer comes near: what takes so long hangs. */
const farMs = 60_000;
/** Of idle connections to engines and to the api. */
const mostPooled = 600;

/** @param fastPath whether requests come to the front first */
export async function openWay(fastPath: boolean): Promise<Way> {
  const [engine, api] = await Promise.all([startEngine(), startApi()]);
  const { inference, door } = defaultSettings;
  const proxy = await startHarness(
    {
      fastPath,
      apiUrl: `http://127.0.0.1:${api.port}`,
      door: {
        ...door,
        headersTimeoutMs: farMs,
        requestTimeoutMs: farMs,
        keepAliveTimeoutMs: farMs,
        stallMs: farMs,
      },
      held: { perModel: 10_000, perProcess: 10_000 },
      bodyRoomBytes: 512 * 1024 * 1024,
    },
    { body: { ...inference.body, timeoutMs: farMs }, stallMs: farMs },
  );
  const endpoints = [endpoint(engine.port, 'job-1')];
  proxy.route('a/b', { state: 'ready', idle: false, endpoints });
  await proxy.caughtUp();
  return {
    proxy,
    engine,
    api,
    remains: async () => {
      const gauges = ['held_requests', 'queued_requests', 'requests_in_flight', 'body_bytes'];
      const counts = await Promise.all(
        [...gauges, 'client_connections'].map(async (name) => {
          const count = await proxy.metric(`wakefield_${name}`);
          return count === 0 ? [] : [`${name} is ${count}`];
        }),
      );
      const pooled = engine.open() + api.open();
      const tooMany = pooled > mostPooled ? [`${pooled} connections to engine and api`] : [];
      return [...counts.flat(), ...tooMany];
    },
    forget: () => {
      for (const list of [proxy.log as string[], proxy.usage.begun, proxy.usage.ended])
        list.length = 0;
    },
    stop: async () => {
      await proxy.stop(AbortSignal.abort());
      await Promise.all([engine.close(), api.close()]);
    },
  };
}
