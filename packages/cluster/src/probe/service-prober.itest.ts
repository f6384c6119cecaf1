import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { EngineProbe, EngineTarget, Transport } from '@wakefield/control';
import { createEngineProber } from './engine-prober.ts';

const direct: Transport = {
  kind: 'direct',
  connect: async ({ host, port }) => connect(port, host),
  close: async () => undefined,
};

const notebook: EngineProbe = {
  healthPath: '/api',
  modelsPath: null,
  privatePath: '/api/status',
  key: { kind: 'authorization', scheme: 'token' },
  warmUps: ['chat'],
  metricsPath: '/metrics',
  running: [{ name: 'kernels', labels: {} }],
  waiting: [],
  ownLimit: null,
};

/** A service: its answers by path, to whoever has the key and to others. */
type Pages = Readonly<Record<string, readonly [withKey: number, without: number]>>;

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

interface Scene {
  readonly probe?: Partial<EngineProbe>;
  readonly pages: Pages;
  readonly target?: Partial<EngineTarget>;
  /** Whether the request has the key, as the service looks for it. */
  readonly knows?: (request: IncomingMessage) => boolean;
}

/** A prober of one service that answers so, and what it was asked. */
async function begin({ probe, pages, target, knows }: Scene) {
  const asked: string[] = [];
  const isKnown = knows ?? (({ headers }) => headers.authorization === 'token key');
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    const known = isKnown(request);
    asked.push(`${request.method} ${path}${known ? ' with key' : ''}`);
    const [good, bad] = pages[path] ?? [404, 404];
    response.writeHead(known ? good : bad).end(path.endsWith('/metrics') ? 'kernels 3\n' : '{}');
  }).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const prober = createEngineProber({
    transports: new Map([['here', direct]]),
    probes: { 'notebook/jupyter': { ...notebook, ...probe } },
  });
  const service: EngineTarget = {
    cluster: 'here',
    address: { host: '127.0.0.1', port },
    engineKey: 'key',
    engine: 'notebook/jupyter',
    hfModelId: null,
    basePath: '',
    identity: 'me',
    ...target,
  };
  return {
    asked,
    verdict: () => prober.probe(service, AbortSignal.timeout(5_000)),
    metrics: () => prober.metrics(service, AbortSignal.timeout(5_000)),
  };
}

const open = [200, 200] as const;
const closed = [200, 403] as const;

describe('a service that is no engine', () => {
  test('is asked for health, then for what its key alone opens; nothing is warmed up', async () => {
    const { verdict, asked } = await begin({ pages: { '/api': open, '/api/status': closed } });
    expect(await verdict()).toEqual({ status: 'ready', capacity: null });
    expect(asked).toEqual(['GET /api', 'GET /api/status', 'GET /api/status with key']);
  });

  test('all of it below its base path', async () => {
    const pages = {
      '/x/proxy/api': open,
      '/x/proxy/api/status': closed,
      '/x/proxy/metrics': closed,
    };
    const { verdict, metrics } = await begin({ pages, target: { basePath: '/x/proxy' } });
    expect(await verdict()).toMatchObject({ status: 'ready' });
    expect(await metrics()).toMatchObject({ runningRequests: 3 });
    const elsewhere = await begin({ pages, target: { basePath: '/y/proxy' } });
    expect(await elsewhere.verdict()).toEqual({ status: 'foreign', detail: '/api answers 404' });
  });

  test('its key may be in a header of its own', async () => {
    const { verdict } = await begin({
      pages: { '/api': open, '/api/status': [200, 401] },
      probe: { key: { kind: 'header', name: 'api-key' } },
      knows: ({ headers }) => headers['api-key'] === 'key' && headers.authorization === undefined,
    });
    expect(await verdict()).toMatchObject({ status: 'ready' });
  });

  test.each<[string, Pages, 'foreign' | 'not_yet', string]>([
    ['is not up yet', { '/api': [503, 503] }, 'not_yet', '/api answers 503'],
    ['has no such page', {}, 'foreign', '/api answers 404'],
    [
      'opens to everybody',
      { '/api': open, '/api/status': open },
      'foreign',
      '/api/status answers 200 without a key',
    ],
    [
      'sends strangers elsewhere',
      { '/api': open, '/api/status': [200, 302] },
      'foreign',
      '/api/status answers 302 without a key',
    ],
    [
      'has another key',
      { '/api': open, '/api/status': [403, 403] },
      'foreign',
      "/api/status answers 403 to this job's key",
    ],
    [
      'is not yet ready behind its door',
      { '/api': open, '/api/status': [503, 401] },
      'not_yet',
      '/api/status answers 503',
    ],
  ])('what %s', async (_name, pages, status, detail) => {
    const { verdict, asked } = await begin({ pages });
    expect(await verdict()).toEqual({ status, detail });
    if (!detail.includes("this job's key") && status === 'foreign')
      expect(asked.join()).not.toContain('with key');
  });

  test.each<[string, Partial<EngineProbe>]>([
    ['names no such page', { privatePath: null }],
    ['knows no keys', { key: { kind: 'none' } }],
  ])('is trusted by its health when it %s', async (_name, probe) => {
    const { verdict, asked } = await begin({ pages: { '/api': [204, 204] }, probe });
    expect(await verdict()).toEqual({ status: 'ready', capacity: null });
    expect(asked).toEqual(['GET /api']);
  });

  test('that never proves whose it is is not taken for another while its health is missing', async () => {
    const { verdict } = await begin({ pages: {}, probe: { key: { kind: 'none' } } });
    expect(await verdict()).toEqual({ status: 'not_yet', detail: '/api answers 404' });
  });

  test('that hangs up is not ready yet', async () => {
    const { verdict, metrics } = await begin({
      pages: {},
      knows: ({ socket }) => {
        socket.destroy();
        return false;
      },
    });
    expect(await verdict()).toMatchObject({ status: 'not_yet' });
    expect(await metrics()).toBeNull();
  });
});

describe('figures of a service', () => {
  test.each<[string, Partial<EngineProbe>, Pages, number | null]>([
    ['of a page that its key opens', {}, { '/api': open, '/metrics': closed }, 3],
    ['of a page that does not open', {}, { '/api': open, '/metrics': [403, 403] }, null],
    ['of none', { metricsPath: null }, { '/api': open }, null],
  ])('%s', async (_name, probe, pages, runningRequests) => {
    const { metrics, asked } = await begin({ pages, probe });
    expect(await metrics()).toEqual({
      gpuUtilization: null,
      waitingRequests: null,
      runningRequests,
    });
    expect(asked).toContain('GET /api');
  });

  test('none of one that is not well', async () => {
    const { metrics } = await begin({ pages: { '/api': [500, 500], '/metrics': open } });
    expect(await metrics()).toBeNull();
  });
});
