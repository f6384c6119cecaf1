import { describe, expect, it } from '@jest/globals';
import type { CallOptions } from '../../test/api-client.ts';
import { KEY } from '../../test/api-fixture.ts';
import { apiSuite } from '../../test/api-suite.ts';
import { exchange, oversized } from '../../test/raw-http.ts';

const api = apiSuite({ projects: ['demo'] });

const json = { 'content-type': 'application/json' };
const model = { hf_model_id: 'a/b', gpu_count: 1, engine: 'simulator' };

async function expectRefusal(
  request: readonly [method: string, path: string, options?: CallOptions],
  status: number,
  code: string,
  param: string | null = null,
): Promise<void> {
  const answer = await api.call(...request);
  expect(answer.status).toBe(status);
  expect(answer.body.error).toMatchObject({ code, param, type: 'invalid_request_error' });
  expect(answer.body.error.request_id).toBe(answer.headers.get('x-request-id'));
  expect(answer.headers.get('x-should-retry')).toBe('false');
}

describe('bad input', () => {
  it.each([
    ['broken', '{"a":', 'invalid_json'],
    ['two values', '{}{}', 'invalid_json'],
    ['nothing', undefined, 'invalid_request'],
    ['a list', '[]', 'invalid_request'],
    ['null', 'null', 'invalid_request'],
  ])('refuses JSON that is %s', async (_what, raw, code) => {
    const body = raw === undefined ? {} : { raw };
    await expectRefusal(['PUT', '/p/demo/models', { headers: json, ...body }], 400, code);
  });

  it.each<[string, Record<string, string>]>([
    ['of no type', {}],
    ['of text', { 'content-type': 'text/plain' }],
    ['of a form', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['that is compressed', { ...json, 'content-encoding': 'gzip' }],
    ['in another charset', { 'content-type': 'application/json; charset=latin1' }],
  ])('refuses a body %s with 415', async (_what, headers) => {
    const raw = new TextEncoder().encode('{}');
    const request = ['PUT', '/p/demo/models', { raw, headers }] as const;
    await expectRefusal(request, 415, 'unsupported_media_type');
  });

  it.each<[string, string, object, string]>([
    ['PUT', '/p/demo/models', { ...model, gpu_count: 0 }, 'gpu_count'],
    ['PUT', '/p/demo/models', { ...model, gpu_count: 'two' }, 'gpu_count'],
    ['PUT', '/p/demo/models', { ...model, gpus: 1 }, 'gpus'],
    ['PUT', '/p/demo/models', { ...model, resources: { gpu: 1 } }, 'resources.gpu'],
    ['PUT', '/p/demo/models', { ...model, resources: { nodes: 65 } }, 'resources.nodes'],
    ['POST', '/p/demo/models', model, 'gpu_count'],
    ['POST', '/p/demo/models/scale', { hf_model_id: 'a/b' }, 'replicas'],
    ['POST', '/p/demo/models/scale', { hf_model_id: 'a/b', replicas: -1 }, 'replicas'],
    ['POST', '/p/demo/models/sleep', { hf_model_id: 'a/b', now: true }, 'now'],
    ['DELETE', '/p/demo/models', { hf_model_id: 'a/b', stop: true }, 'stop'],
    ['POST', '/p', {}, 'project'],
    ['POST', '/p', { project: 'a/b' }, 'project'],
    ['POST', '/p', { project: 'ok', clusters: [] }, 'clusters'],
  ])('%s %s with %j names the field', async (method, path, body, param) => {
    await expectRefusal([method, path, { body }], 400, 'invalid_request', param);
  });

  it.each<[string, string | null]>([
    ['/p?limit=1', 'limit'],
    ['/p/%20/models', 'project'],
    ['/p/demo/models/-a', 'hf_model_id'],
    ['/p/demo/models/a%2F..%2Fb', 'hf_model_id'],
    ['/p/%E0%A4%A/models', null],
    ['/p/demo/models?lmit=5', 'lmit'],
    ['/p/demo/models?limit=5&limit=6', 'limit'],
    ['/p/demo/commands?limit=0', 'limit'],
    ['/p/demo/commands/1', 'id'],
  ])('GET %s names the parameter', async (path, param) => {
    await expectRefusal(['GET', path], 400, 'invalid_request', param);
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
    ['two hosts', 'GET /p HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n', 'one host'],
    [
      'a length that Connection names',
      'PUT /p HTTP/1.1\r\nHost: x\r\nConnection: content-length\r\nContent-Length: 0\r\n\r\n',
      'Connection must not',
    ],
    [
      'huge headers',
      `GET /p HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
      'too large',
      '431 Request Header Fields Too Large',
    ],
  ])('refuses %s in the envelope', async (_what, head, words, status = '400 Bad Request') => {
    const answer = await exchange(api.url, head);
    expect(answer.split('\r\n')[0]).toBe(`HTTP/1.1 ${status}`);
    expect(answer).toMatch(/connection: close/i);
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
