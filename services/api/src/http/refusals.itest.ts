import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { endpoints } from '@wakefield/contracts';
import { storeFixture, testRedis } from '@wakefield/testkit';
import type { CallOptions } from '../../test/api-client.ts';
import { type ApiFixture, apiFixture, KEY } from '../../test/api-fixture.ts';

// A loaded machine may be slow; a test that hangs is told by it all the same.
jest.setTimeout(30_000);

const redis = testRedis();
let store: Awaited<ReturnType<typeof storeFixture>>;
let api: ApiFixture;

beforeAll(async () => {
  store = await storeFixture();
  api = await apiFixture({ stores: store.stores, redis });
  await api.call('POST', '/p', { body: { project: 'demo' } });
});

afterAll(async () => {
  await api.close();
  await redis.cleanup();
  await store.close();
});

const served = endpoints.filter(({ tag }) => tag !== 'OpenAI');
const concrete = (path: string) =>
  path
    .replace('{project}', 'demo')
    .replace('{hf_model_id}', 'a/b')
    .replace('{id}', '0199f7c4-6a53-7c1e-9c55-0d6f1f6f2b11');

describe('every operation of the contract', () => {
  it.each(
    served.map((endpoint) => [endpoint.method.toUpperCase(), endpoint.path, endpoint] as const),
  )('%s %s is served, behind the key where it says so', async (method, path, endpoint) => {
    const headers = { accept: 'application/json' };
    const answer = await api.call(method, concrete(path), { key: null, headers });
    if (endpoint.open) {
      expect(answer.body?.error?.code).not.toBe('not_found');
      expect(answer.body?.error?.code).not.toBe('invalid_api_key');
      return;
    }
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="wakefield"');
    expect(answer.body.error).toMatchObject({
      code: 'invalid_api_key',
      type: 'authentication_error',
    });
    const known = await api.call(method, concrete(path));
    expect([401, 405]).not.toContain(known.status);
    expect(known.body?.error?.code).not.toBe('not_found');
  });
});

describe('authentication', () => {
  it.each([
    ['Bearer wrong'],
    [`Bearer ${KEY}x`],
    [`Basic ${KEY}`],
    [KEY],
    ['Bearer '],
    [`Bearer ${KEY} ${KEY}`],
  ])('refuses %j', async (authorization) => {
    const answer = await api.call('GET', '/p', { key: null, headers: { authorization } });
    expect(answer.status).toBe(401);
  });

  it('takes the scheme in any case, and hides unknown paths behind the key', async () => {
    const headers = { authorization: `bearer ${KEY}` };
    expect((await api.call('GET', '/p', { key: null, headers })).status).toBe(200);
    expect((await api.call('GET', '/nothing', { key: null })).status).toBe(401);
    expect((await api.call('GET', '/nothing')).body.error.code).toBe('not_found');
  });
});

describe('wrong methods', () => {
  it.each([
    ['PATCH', '/p/demo/models', 'DELETE, GET, HEAD, POST, PUT'],
    ['DELETE', '/p', 'GET, HEAD, POST'],
    ['PUT', '/p/demo', 'GET, HEAD'],
    ['PUT', '/p/demo/models/a/b', 'GET, HEAD'],
    ['PATCH', '/p/demo/models/scale', 'GET, HEAD, POST'],
    ['POST', '/health', 'GET, HEAD'],
    ['OPTIONS', '/p/demo/models', 'DELETE, GET, HEAD, POST, PUT'],
    ['DELETE', '/p/demo/commands/0199f7c4-6a53-7c1e-9c55-0d6f1f6f2b11', 'GET, HEAD'],
  ])('%s %s answers 405 with Allow', async (method, path, allow) => {
    const answer = await api.call(method, path);
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe(allow);
    expect(answer.body.error.code).toBe('method_not_allowed');
  });

  it('answers HEAD as GET without a body', async () => {
    const response = await fetch(`${api.url}/health`, { method: 'HEAD' });
    expect([response.status, await response.text()]).toEqual([200, '']);
  });
});

const json = { 'content-type': 'application/json' };
const model = { hf_model_id: 'a/b', gpu_count: 1, engine: 'simulator' };

describe('bad input', () => {
  it.each<[string, string, string, CallOptions, number, string, string | null]>([
    [
      'broken JSON',
      'PUT',
      '/p/demo/models',
      { raw: '{"a":', headers: json },
      400,
      'invalid_json',
      null,
    ],
    [
      'two values',
      'PUT',
      '/p/demo/models',
      { raw: '{}{}', headers: json },
      400,
      'invalid_json',
      null,
    ],
    ['no body', 'PUT', '/p/demo/models', { headers: json }, 400, 'invalid_request', null],
    ['a list', 'PUT', '/p/demo/models', { body: [] }, 400, 'invalid_request', null],
    ['null', 'PUT', '/p/demo/models', { raw: 'null', headers: json }, 400, 'invalid_request', null],
    [
      'no content type',
      'PUT',
      '/p/demo/models',
      { raw: new Uint8Array([123, 125]) },
      415,
      'unsupported_media_type',
      null,
    ],
    [
      'text',
      'PUT',
      '/p/demo/models',
      { raw: '{}', headers: { 'content-type': 'text/plain' } },
      415,
      'unsupported_media_type',
      null,
    ],
    [
      'a form',
      'POST',
      '/p',
      { raw: 'project=x', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      415,
      'unsupported_media_type',
      null,
    ],
    [
      'compressed',
      'PUT',
      '/p/demo/models',
      { raw: 'x', headers: { ...json, 'content-encoding': 'gzip' } },
      415,
      'unsupported_media_type',
      null,
    ],
    [
      'another charset',
      'PUT',
      '/p/demo/models',
      { raw: '{}', headers: { 'content-type': 'application/json; charset=latin1' } },
      415,
      'unsupported_media_type',
      null,
    ],
    [
      'gpu_count 0',
      'PUT',
      '/p/demo/models',
      { body: { ...model, gpu_count: 0 } },
      400,
      'invalid_request',
      'gpu_count',
    ],
    [
      'gpu_count "two"',
      'PUT',
      '/p/demo/models',
      { body: { ...model, gpu_count: 'two' } },
      400,
      'invalid_request',
      'gpu_count',
    ],
    [
      'unknown field',
      'PUT',
      '/p/demo/models',
      { body: { ...model, gpus: 1 } },
      400,
      'invalid_request',
      'gpus',
    ],
    [
      'unknown nested field',
      'PUT',
      '/p/demo/models',
      { body: { ...model, resources: { gpu: 1 } } },
      400,
      'invalid_request',
      'resources.gpu',
    ],
    [
      'nested bound',
      'PUT',
      '/p/demo/models',
      { body: { ...model, resources: { nodes: 65 } } },
      400,
      'invalid_request',
      'resources.nodes',
    ],
    [
      'model field on wake',
      'POST',
      '/p/demo/models',
      { body: model },
      400,
      'invalid_request',
      'gpu_count',
    ],
    [
      'no replicas',
      'POST',
      '/p/demo/models/scale',
      { body: { hf_model_id: 'a/b' } },
      400,
      'invalid_request',
      'replicas',
    ],
    [
      'replicas -1',
      'POST',
      '/p/demo/models/scale',
      { body: { hf_model_id: 'a/b', replicas: -1 } },
      400,
      'invalid_request',
      'replicas',
    ],
    ['no project', 'POST', '/p', { body: {} }, 400, 'invalid_request', 'project'],
    ['odd project', 'POST', '/p', { body: { project: 'a/b' } }, 400, 'invalid_request', 'project'],
    ['odd project in the path', 'GET', '/p/%20/models', {}, 400, 'invalid_request', 'project'],
    [
      'odd model in the path',
      'GET',
      '/p/demo/models/-a',
      {},
      400,
      'invalid_request',
      'hf_model_id',
    ],
    ['a way up', 'GET', '/p/demo/models/a%2F..%2Fb', {}, 400, 'invalid_request', 'hf_model_id'],
    ['bad escape', 'GET', '/p/%E0%A4%A/models', {}, 400, 'invalid_request', null],
    ['unknown query', 'GET', '/p/demo/models?lmit=5', {}, 400, 'invalid_request', 'lmit'],
    [
      'repeated query',
      'GET',
      '/p/demo/models?limit=5&limit=6',
      {},
      400,
      'invalid_request',
      'limit',
    ],
    ['command id', 'GET', '/p/demo/commands/1', {}, 400, 'invalid_request', 'id'],
  ])('%s: %s %s', async (_what, method, path, options, status, code, param) => {
    const answer = await api.call(method, path, options);
    expect(answer.status).toBe(status);
    expect(answer.body.error).toMatchObject({ code, param, type: 'invalid_request_error' });
    expect(answer.body.error.request_id).toBe(answer.headers.get('x-request-id'));
    expect(answer.headers.get('x-should-retry')).toBe('false');
  });

  it.each([
    ['announced', (size: number) => ({ 'content-length': String(size) })],
    ['in chunks', () => ({ 'transfer-encoding': 'chunked' })],
  ])('too large a body, %s, answers 413 and goes on serving', async (_how, headersOf) => {
    const size = 40 * 1024 * 1024;
    const answer = await oversized(api.url, size, headersOf(size));
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toContain('"code":"payload_too_large"');
    expect((await api.call('GET', '/health')).status).toBe(200);
  });

  it('takes a body just under the limit', async () => {
    const pad = 'x'.repeat(1_048_576 - 40);
    const answer = await api.call('PUT', '/p/demo/models', { body: { hf_model_id: pad } });
    expect(answer.body.error).toMatchObject({ code: 'invalid_request', param: 'hf_model_id' });
  });

  it('answers something that is no HTTP with the envelope', async () => {
    const answer = await exchange(api.url, 'NONSENSE\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain('"code":"invalid_request"');
    expect(answer).toMatch(/x-request-id: req_/);
  });
});

describe('request ids and headers', () => {
  it('keeps a sane id of the caller and replaces an odd one', async () => {
    const ask = async (id: string) =>
      (await api.call('GET', '/health', { headers: { 'x-request-id': id } })).headers.get(
        'x-request-id',
      );
    expect(await ask('abc-123')).toBe('abc-123');
    expect(await ask('a b')).toMatch(/^req_/);
    expect(await ask('x'.repeat(500))).toMatch(/^req_/);
  });

  it('says nothing of Express and forbids guessing', async () => {
    const { headers } = await api.call('GET', '/health');
    expect(headers.get('x-powered-by')).toBeNull();
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('counts requests by operation, with few labels', async () => {
    await api.call('GET', '/p/demo/models/never/heard');
    const { body } = await api.metrics.expose();
    expect(body).toMatch(
      /wakefield_http_requests_total\{route="getModel",code="404",service="api"\} \d/,
    );
    expect(body).not.toContain('never/heard');
  });

  it('logs neither keys nor bodies', async () => {
    await api.call('PUT', '/p/demo/models', { body: { ...model, gpu_count: 'planted-value' } });
    expect(api.log()).not.toContain(KEY);
    expect(api.log()).not.toContain('planted-value');
  });
});

/** Sends until the server answers, as curl does. */
async function oversized(url: string, size: number, headers: object): Promise<string> {
  const chunk = Buffer.alloc(65_536, 'x');
  const chunked = 'transfer-encoding' in headers;
  const head = Object.entries({
    host: 'x',
    authorization: `Bearer ${KEY}`,
    'content-type': 'application/json',
    ...headers,
  });
  return await exchange(
    url,
    `PUT /p/demo/models HTTP/1.1\r\n${head.map(([k, v]) => `${k}: ${v}`).join('\r\n')}\r\n\r\n`,
    function* () {
      for (let sent = 0; sent < size; sent += chunk.length) {
        yield chunked
          ? Buffer.concat([Buffer.from('10000\r\n'), chunk, Buffer.from('\r\n')])
          : chunk;
      }
    },
  );
}

function exchange(
  url: string,
  head: string,
  body: () => Iterable<Buffer> = () => [],
): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const { hostname, port } = new URL(url);
  let received = '';
  const socket = connect(Number(port), hostname);
  const rest = body()[Symbol.iterator]();
  const pump = () => {
    while (received === '' && socket.writable) {
      const { value, done } = rest.next();
      if (done || !socket.write(value)) return;
    }
  };
  socket.on('connect', () => {
    socket.write(head);
    pump();
  });
  socket.on('drain', pump);
  socket.on('data', (data) => {
    received += data.toString();
    // The whole answer is one packet here; like curl, hang up instead of sending the rest.
    socket.end();
  });
  socket.on('error', () => resolve(received));
  socket.on('close', () => resolve(received));
  return promise;
}
