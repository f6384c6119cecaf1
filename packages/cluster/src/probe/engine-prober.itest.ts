import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { EngineProbe, Transport } from '@wakefield/control';
import { createEngineProber } from './engine-prober.ts';

const probe: EngineProbe = {
  healthPath: '/health',
  modelsPath: '/v1/models',
  privatePath: null,
  key: { kind: 'authorization', scheme: 'Bearer' },
  warmUps: ['chat'],
  metricsPath: null,
  running: [],
  waiting: [],
  ownLimit: { path: '/server_info', list: 'internal_states', field: 'max' },
};

const direct: Transport = {
  kind: 'direct',
  connect: async ({ host, port }) => connect(port, host),
  close: async () => undefined,
};

let server: Server | null = null;
afterEach(() => {
  server?.close();
  server = null;
});

/** An engine that is ready, with this answer to the question for its limit. */
async function ask(limit: RequestListener, over: Partial<EngineProbe> = {}) {
  const listener: RequestListener = (request, response) => {
    const known = request.headers.authorization === 'Bearer key';
    const bodies: Readonly<Record<string, string>> = {
      '/health': '',
      '/v1/models': known ? '{"data":[{"id":"me"}]}' : '',
      '/v1/chat/completions': '{"choices":[{"finish_reason":"stop"}]}',
    };
    const path = request.url ?? '';
    if (path === '/server_info') return limit(request, response);
    response.writeHead(known || path === '/health' ? 200 : 401).end(bodies[path]);
  };
  server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const prober = createEngineProber({
    transports: new Map([['here', direct]]),
    probes: { engine: { ...probe, ...over } },
  });
  const target = {
    cluster: 'here',
    address: { host: '127.0.0.1', port },
    engineKey: 'key',
    engine: 'engine',
    hfModelId: 'a/b',
    basePath: '',
    identity: 'me',
  };
  return await prober.probe(target, AbortSignal.timeout(5_000));
}

describe("an engine's own limit", () => {
  const answer =
    (status: number, body: string): RequestListener =>
    (_request, response) => {
      response.writeHead(status).end(body);
    };

  test.each<[string, string, number | null]>([
    ['one entry', '{"internal_states":[{"max":48}]}', 48],
    ['data parallel: one entry each', '{"internal_states":[{"max":48},{"max":48}]}', 96],
    ['no such field', '{"internal_states":[{}]}', null],
    ['no list', '{"internal_states":7}', null],
    ['nonsense', '{"internal_states":[{"max":"many"},{"max":-1}]}', null],
    ['no JSON', '<html>', null],
  ])('%s', async (_name, body, capacity) => {
    expect(await ask(answer(200, body))).toEqual({ status: 'ready', capacity });
  });

  test('it is ready all the same when it does not say, or hangs up', async () => {
    expect(await ask(answer(404, ''))).toEqual({ status: 'ready', capacity: null });
    expect(await ask((request) => request.socket.destroy())).toEqual({
      status: 'ready',
      capacity: null,
    });
    expect(await ask(answer(200, '{}'), { ownLimit: null })).toEqual({
      status: 'ready',
      capacity: null,
    });
  });

  test('it is asked with the key', async () => {
    const keys: unknown[] = [];
    await ask((request, response) => {
      keys.push(request.headers.authorization);
      response.end('{}');
    });
    expect(keys).toEqual(['Bearer key']);
  });
});
