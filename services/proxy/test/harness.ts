import { defaultLimitRules } from '@wakefield/domain';
import { createLogger, createMetrics } from '@wakefield/runtime';
import { createProxy, type ProxyPorts, type ProxySettings } from '../src/proxy.ts';
import { createWorld, type World } from './world.ts';

export { endpoint } from './world.ts';

export const key = 'test-key';
/** What a chat request needs to be let in. */
export const auth = { authorization: `Bearer ${key}` } as const;

export const defaultSettings: ProxySettings = {
  proxyId: 'proxy-1',
  apiUrl: 'http://127.0.0.1:9',
  apiIdleMs: 5000,
  trustedProxies: [],
  servicesUrl: null,
  publicUrl: null,
  version: '0.1.0',
  apiVersion: '1',
  inference: {
    body: { maxBytes: 1024 * 1024, timeoutMs: 2000 },
    times: {
      connectMs: 2000,
      firstByteMs: Number.POSITIVE_INFINITY,
      betweenBytesMs: Number.POSITIVE_INFINITY,
      totalMs: Number.POSITIVE_INFINITY,
    },
    holdMs: 10_000,
    placeMs: 10_000,
    earlyHeadersMs: 200,
    commentMs: 100,
    stallMs: 1000,
    sessionIdleMs: Number.POSITIVE_INFINITY,
  },
  serviceRightsMs: 60_000,
  servicesAtOnce: { perCaller: 64, perProcess: 128 },
  held: { perModel: 16, perProcess: 32 },
  limits: defaultLimitRules,
  limitsMs: 50,
  bodyRoomBytes: 16 * 1024 * 1024,
  usageLeftAlone: [],
  door: {
    mostConnections: 2000,
    mostHeadBytes: 16_384,
    mostPipelined: 64,
    headersTimeoutMs: 2000,
    requestTimeoutMs: 5000,
    keepAliveTimeoutMs: 5000,
    stallMs: 1000,
    lingerMs: 100,
  },
  fastPath: process.env.FAST_PATH !== 'off',
  wake: { resendMs: [300], afterFailureMs: 100 },
  sweepMs: 200,
  demandMs: 200,
  tickMs: 20,
  drainDelayMs: 0,
  drainMs: 3000,
  endedGraceMs: 100,
  endedQuietMs: 300,
};

/** A proxy of the real parts, in a world that the test holds in its hands. */
export interface Harness extends Omit<World, 'ports'> {
  readonly url: string;
  readonly port: number;
  /** Lines of the log so far. */
  readonly log: readonly string[];
  /** Sum over the series of a metric with these labels: `name{label="value"`. */
  metric(name: string): Promise<number>;
  /** Resolves when the proxy has the newest routes: loads rest between each other. */
  caughtUp(): Promise<void>;
  stop(hurry?: AbortSignal): Promise<void>;
}

export async function startHarness(
  settings: Partial<ProxySettings> = {},
  inference: Partial<ProxySettings['inference']> = {},
  transportOf?: ProxyPorts['transportOf'],
  who: Partial<Pick<ProxyPorts, 'identifier' | 'browsers' | 'visits'>> = {},
): Promise<Harness> {
  const world = createWorld(key, transportOf);
  const metrics = createMetrics({ service: 'proxy' });
  const log: string[] = [];
  const logger = createLogger({
    service: 'proxy',
    level: 'debug',
    destination: { write: (line) => void log.push(line) },
  });
  const proxy = createProxy(
    { ...world.ports, ...who },
    { ...defaultSettings, ...settings, inference: { ...defaultSettings.inference, ...inference } },
    logger,
    metrics,
  );
  const port = await proxy.listen({ host: '127.0.0.1', port: 0 });
  await proxy.start();
  const metric = async (name: string) => sumOf((await metrics.expose()).body, name);
  return {
    ...world,
    url: `http://127.0.0.1:${port}`,
    port,
    log,
    metric,
    caughtUp: () =>
      until('the newest routes', async () => {
        return (await metric('wakefield_route_table_revision')) === world.revision();
      }),
    stop: (hurry) => proxy.stop(hurry),
  };
}

function sumOf(text: string, name: string): number {
  const [metric = '', labels = ''] = name.split('{');
  const wanted = labels.replace('}', '').split(',');
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${metric}{`) && wanted.every((one) => line.includes(one)))
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
    headers: { ...auth, 'content-type': 'application/json', ...init.headers },
    body: text,
  });
}
