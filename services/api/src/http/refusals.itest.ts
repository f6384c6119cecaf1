import { describe, expect, it } from '@jest/globals';
import { endpoints } from '@wakefield/contracts';
import { KEY } from '../../test/api-fixture.ts';
import { apiSuite } from '../../test/api-suite.ts';

const api = apiSuite({ projects: ['demo'] });

const served = endpoints.filter(({ tag, atTheDoor }) => tag === 'About' || atTheDoor !== true);
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
    if (endpoint.tag === 'Sign-in' && answer.status === 404) {
      expect(answer.body.error.message).toContain('not configured here');
      return;
    }
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
    ['DELETE', '/ops/queues', 'GET, HEAD'],
    ['OPTIONS', '/ops/queues', 'GET, HEAD'],
    ['OPTIONS', '/swagger/index.html', 'GET, HEAD'],
    ['PUT', '/ops/queues.json', 'GET, HEAD'],
    ['GET', '/ops/logout', 'POST'],
    ['OPTIONS', '/p/demo/models', 'DELETE, GET, HEAD, POST, PUT'],
    ['DELETE', '/p/demo/commands/0199f7c4-6a53-7c1e-9c55-0d6f1f6f2b11', 'GET, HEAD'],
  ])('%s %s answers 405 with Allow', async (method, path, allow) => {
    const answer = await api.call(method, path);
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe(allow);
    expect(answer.body.error.code).toBe('method_not_allowed');
  });

  it.each<[string, string, string | null]>([
    ['DELETE', '/a/b', 'DELETE /p/demo/models {"hf_model_id":"a/b"}'],
    ['DELETE', '/a%2Fb/', 'DELETE /p/demo/models {"hf_model_id":"a/b"}'],
    ['PUT', '/a/b', 'PUT /p/demo/models {"hf_model_id":"a/b","gpu_count":1}'],
    ['POST', '/a/b', 'POST /p/demo/models {"hf_model_id":"a/b"}'],
    ['POST', '/a/b/scale', 'POST /p/demo/models/scale {"hf_model_id":"a/b","replicas":2}'],
    ['POST', '/a/b/sleep', 'POST /p/demo/models/sleep {"hf_model_id":"a/b"}'],
    ['DELETE', '/-a', null],
    ['OPTIONS', '/a/b', null],
  ])('%s of a model by its path is told the request that was meant', async (method, path, hint) => {
    const { body } = await api.call(method, `/p/demo/models${path}`);
    expect(body.error.code).toBe('method_not_allowed');
    const found = / Name the model in the body: (.*)$/.exec(body.error.message)?.[1] ?? null;
    expect(found).toBe(hint);
  });

  it.each(['/health', '/openapi.json', '/p', '/p/demo', '/p/demo/models', '/ops/queues.json'])(
    'answers HEAD %s as GET without a body',
    async (path) => {
      const headers = { authorization: `Bearer ${KEY}` };
      const [head, get] = await Promise.all(
        ['HEAD', 'GET'].map((method) => fetch(`${api.url}${path}`, { method, headers })),
      );
      expect([head?.status, await head?.text()]).toEqual([get?.status, '']);
      expect(head?.headers.get('content-type')).toBe(get?.headers.get('content-type'));
      expect(head?.headers.get('x-request-id')).toMatch(/^req_/);
    },
  );
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
    await api.call('PUT', '/p/demo/models', {
      body: { hf_model_id: 'a/b', gpu_count: 'planted-value' },
    });
    expect(api.log()).not.toContain(KEY);
    expect(api.log()).not.toContain('planted-value');
  });
});
