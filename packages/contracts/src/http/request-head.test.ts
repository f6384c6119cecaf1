import { describe, expect, it } from '@jest/globals';
import { headProblem, parserRefusal } from './request-head.ts';

const host = ['Host', 'x:80'];

describe('a head', () => {
  it.each<[string, string[], string?]>([
    ['plain', host],
    ['with a length', [...host, 'Content-Length', '12']],
    ['in pieces', [...host, 'Transfer-Encoding', 'Chunked']],
    ['of a connection', [...host, 'Connection', 'keep-alive, Upgrade, HTTP2-Settings, TE, x-mine']],
    ['of two lines of a connection', [...host, 'Connection', 'close', 'Connection', 'te']],
    ['of HTTP/1.0', [], '1.0'],
    ['of an address', ['Host', '[::1]:8080']],
    ['of no name', ['Host', '']],
    ['whose other headers come twice', [...host, 'Accept', 'a', 'accept', 'b']],
  ])('is fine: %s', (_, rawHeaders, httpVersion = '1.1') => {
    expect(headProblem({ httpVersion, rawHeaders })).toBeNull();
  });

  it.each<[string, string[], string?]>([
    ['host', []],
    ['host', [...host, 'HOST', 'x:80']],
    ['host', ['host', 'x, y']],
    ['host', ['host', 'a@b']],
    ['host', ['host', 'x', 'host', 'y'], '1.0'],
    ['content-length', [...host, 'content-length', '']],
    ['content-length', [...host, 'content-length', '1, 1']],
    ['content-length', [...host, 'content-length', '0x10']],
    ['content-length', [...host, 'content-length', '-1']],
    ['content-length', [...host, 'content-length', '9999999999999999']],
    ['content-length', [...host, 'Content-Length', '1', 'content-length', '1']],
    ['transfer-encoding', [...host, 'content-length', '1', 'transfer-encoding', 'chunked']],
    ['transfer-encoding', [...host, 'transfer-encoding', 'gzip, chunked']],
    ['transfer-encoding', [...host, 'transfer-encoding', 'chunked', 'transfer-encoding', '']],
    ['transfer-encoding', [...host, 'transfer-encoding', 'chunked'], '1.0'],
    ['connection', [...host, 'connection', 'content-length']],
    ['connection', [...host, 'Connection', 'close', 'CONNECTION', 'te,\tContent-Type ']],
    ['connection', [...host, 'connection', 'Transfer-Encoding']],
    ['connection', [...host, 'connection', 'host\u00a0']],
    ['connection', [...host, 'connection', 'x-forwarded-proto']],
    ['connection', [...host, 'connection', 'sec-fetch-site'], '1.0'],
  ])('is refused because of its %s: %j', (param, rawHeaders, httpVersion = '1.1') => {
    expect(headProblem({ httpVersion, rawHeaders })).toMatchObject({
      code: 'invalid_request',
      param,
    });
  });
});

it.each([
  ['ERR_HTTP_REQUEST_TIMEOUT', 'request_timeout', 408],
  ['HPE_HEADER_OVERFLOW', 'invalid_request', 431],
  ['HPE_INVALID_METHOD', 'invalid_request', 400],
  [undefined, 'invalid_request', 400],
])('what the parser calls %s is %s with %d', (code, told, status) => {
  expect(parserRefusal(code)).toMatchObject({ error: { code: told }, status });
});
