import { randomUUID } from 'node:crypto';
import type { ProxyDemand, RouteStore } from '@wakefield/control';
import type { Endpoint, Principal, Route, RouteTable } from '@wakefield/domain';
import { createLogger, createMetrics, type Metrics } from '@wakefield/runtime';
import { createProxy, type ProxySettings } from '../proxy.ts';

export const key = 'test-key';
const everything: Principal = {
  kind: 'static',
  id: 'test',
  grants: [{ project: '*', role: 'admin' }],
};

export const defaultSettings: ProxySettings = {
  proxyId: 'proxy-1',
  apiUrl: 'http://127.0.0.1:9',
  version: '0.1.0',
  apiVersion: '1',
  inference: {
    body: { maxBytes: 1024 * 1024, timeoutMs: 2000 },
    holdMs: 10_000,
    earlyHeadersMs: 200,
    commentMs: 100,
    stallMs: 1000,
  },
  held: { perModel: 16, perProcess: 32 },
  door: { headersTimeoutMs: 2000, requestTimeoutMs: 5000, keepAliveTimeoutMs: 5000 },
  wake: { resendMs: [300], afterFailureMs: 100 },
  sweepMs: 200,
  demandMs: 200,
  tickMs: 20,
  drainMs: 3000,
};

/** A proxy of the real parts, with ports that the test holds in its hands. */
export interface Harness {
  readonly url: string;
  readonly port: number;
  readonly metrics: Metrics;
  /** `<project>/<model>` of every wake that was asked for. */
  readonly wakes: string[];
  /** The newest of each model. */
  demand(): ProxyDemand | null;
  readonly withdrawn: () => boolean;
  /** Changes the table; by nudge, as the scheduler would. */
  route(model: string, change: Partial<Route>): void;
  unroute(model: string): void;
  /** The store and the bus answer nothing but errors. */
  breakStores(broken: boolean): void;
  metric(name: string): Promise<number>;
  stop(): Promise<void>;
}

export function endpoint(port: number, jobId: string = randomUUID()): Endpoint {
  return {
    jobId,
    cluster: 'local',
    address: { host: '127.0.0.1', port },
    engineKey: `key-of-${jobId}`,
    capacity: null,
  };
}

export async function startHarness(
  settings: Partial<ProxySettings> = {},
  inference: Partial<ProxySettings['inference']> = {},
): Promise<Harness> {
  const metrics = createMetrics({ service: 'proxy' });
  const logger = createLogger({ service: 'proxy', level: 'silent' });
  const routes = new Map<string, Route>();
  const wakes: string[] = [];
  let revision = 1;
  let broken = false;
  let demand: ProxyDemand | null = null;
  let withdrawn = false;
  let nudge = (_revision: number): void => undefined;
  const guard = async <T>(value: T): Promise<T> => {
    if (broken) throw new Error('the store is away');
    return value;
  };
  const store: RouteStore = {
    revision: () => guard(revision),
    load: () => guard<RouteTable>({ revision, projects: ['demo'], routes: [...routes.values()] }),
  };
  const proxy = createProxy(
    {
      routes: store,
      bus: {
        subscribe: async (listener) => {
          nudge = listener;
          return async () => undefined;
        },
      },
      board: {
        publish: async (_id, next) => {
          demand = await guard(next);
        },
        withdraw: async () => {
          withdrawn = true;
        },
      },
      waker: {
        wake: async ({ project, hfModelId }) => {
          wakes.push(`${project}/${hfModelId}`);
          await guard(null);
        },
      },
      identifier: {
        identify: (authorization) => (authorization === `Bearer ${key}` ? everything : null),
      },
      transportOf: () => null,
    },
    { ...defaultSettings, ...settings, inference: { ...defaultSettings.inference, ...inference } },
    logger,
    metrics,
  );
  const port = await proxy.listen('127.0.0.1', 0);
  await proxy.start();
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    metrics,
    wakes,
    demand: () => demand,
    withdrawn: () => withdrawn,
    route: (hfModelId, change) => {
      const before = routes.get(hfModelId) ?? asleep(hfModelId);
      routes.set(hfModelId, { ...before, ...change });
      revision += 1;
      nudge(revision);
    },
    unroute: (hfModelId) => {
      routes.delete(hfModelId);
      revision += 1;
      nudge(revision);
    },
    breakStores: (next) => {
      broken = next;
    },
    metric: async (name) => sumOf((await metrics.expose()).body, name),
    stop: () => proxy.stop(),
  };
}

function asleep(hfModelId: string): Route {
  return {
    modelId: randomUUID(),
    project: 'demo',
    hfModelId,
    engine: 'vllm',
    state: 'not_loaded',
    idle: true,
    reason: null,
    createdAt: 1_700_000_000_123,
    endpoints: [],
  };
}

/** Sum over all series of a metric whose line starts with `name`. */
function sumOf(text: string, name: string): number {
  const [metric = '', labels = ''] = name.split('{');
  return text
    .split('\n')
    .filter(
      (line) =>
        line.startsWith(`${metric}{`) &&
        labels
          .replace('}', '')
          .split(',')
          .every((label) => line.includes(label)),
    )
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}

/** Waits until it holds; fails when it does not within the time. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  limitMs = 5000,
): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not within ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A chat request with fetch. */
export function chat(
  url: string,
  body: object | string = {},
  init: RequestInit = {},
): Promise<Response> {
  const text =
    typeof body === 'string' ? body : JSON.stringify({ model: 'a/b', messages: [], ...body });
  return fetch(`${url}/p/demo/openai/v1/chat/completions`, {
    method: 'POST',
    ...init,
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      ...init.headers,
    },
    body: text,
  });
}
