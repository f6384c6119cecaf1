import { describe, expect, it } from '@jest/globals';
import type { CallOptions } from '../../test/api-client.ts';
import { KEY } from '../../test/api-fixture.ts';
import { apiSuite } from '../../test/api-suite.ts';
import { exchange, oversized } from '../../test/raw-http.ts';

const api = apiSuite({ projects: ['demo'] });

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
    const answer = await oversized(api.url, KEY, size, headersOf(size));
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toContain('"code":"payload_too_large"');
    expect((await api.call('GET', '/health')).status).toBe(200);
  });

  it('takes a body just under the limit', async () => {
    const pad = 'x'.repeat(1_048_576 - 40);
    const answer = await api.call('PUT', '/p/demo/models', { body: { hf_model_id: pad } });
    expect(answer.body.error).toMatchObject({ code: 'invalid_request', param: 'hf_model_id' });
  });

  it.each([
    ['something that is no HTTP', 'NONSENSE\r\n\r\n', 'not a well-formed HTTP request'],
    ['an unknown method', 'BREW /p HTTP/1.1\r\nHost: x\r\n\r\n', 'not a well-formed HTTP request'],
    [
      'two lengths',
      'PUT /p HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      'not a well-formed HTTP request',
    ],
    ['no host', 'GET /p HTTP/1.1\r\n\r\n', 'no Host header'],
    ['huge headers', `GET /p HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 'too large'],
  ])('answers %s with 400 in the envelope', async (_what, head, words) => {
    const answer = await exchange(api.url, head);
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(answer).toContain('"code":"invalid_request"');
    expect(answer).toContain(words);
    const id = /x-request-id: (req_\w+)/i.exec(answer)?.[1];
    expect(answer).toContain(`"request_id":"${id}"`);
  });

  it('passes over an expectation that it does not know', async () => {
    const answer = await exchange(
      api.url,
      'GET /health HTTP/1.1\r\nHost: x\r\nExpect: tea\r\n\r\n',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('answers JSON whatever is accepted (RFC 9110 §12.4.1)', async () => {
    const answer = await api.call('GET', '/p', { headers: { accept: 'text/xml' } });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      200,
      'application/json; charset=utf-8',
    ]);
  });
});
