import { key } from './harness.ts';

/** A request as a client library sends it: its head without length, which comes where the library has it. */
export interface SdkRequest {
  readonly name: string;
  /** Lines of its head, `length` among them for the length of the body. */
  readonly lines: readonly string[];
  /** Whether the library sends the head in a packet of its own. */
  readonly apart: boolean;
}

const host = 'Host: 127.0.0.1:8080';
const bearer = `authorization: Bearer ${key}`;
const length = 'Content-Length: <length>';
const stainless = (lang: string, runtime: string) => [
  `x-stainless-lang: ${lang}`,
  'x-stainless-package-version: 3.54.0',
  'x-stainless-os: Linux',
  'x-stainless-arch: x64',
  `x-stainless-runtime: ${runtime}`,
  'x-stainless-runtime-version: 3.11.7',
];

/** Recorded from the libraries in November 2026, by a socket that answers. */
export const sdkRequests: readonly SdkRequest[] = [
  {
    name: 'openai for Python 3.54',
    apart: false,
    lines: [
      ...[host, 'Accept-Encoding: gzip, deflate', 'Connection: keep-alive', bearer],
      ...['accept: application/json', 'content-type: application/json'],
      'user-agent: OpenAI/Python 3.54.0',
      ...stainless('python', 'CPython'),
      ...['x-stainless-async: async:asyncio', 'x-stainless-retry-count: 0'],
      ...['x-stainless-read-timeout: 600', length],
    ],
  },
  {
    name: 'openai for Node 7.55',
    apart: false,
    lines: [
      ...['host: 127.0.0.1:8080', 'connection: keep-alive', 'accept: application/json'],
      ...['user-agent: OpenAI/JS 7.55.0', 'x-stainless-retry-count: 0'],
      ...stainless('js', 'node'),
      ...[bearer, 'content-type: application/json', 'accept-language: *'],
      ...['sec-fetch-mode: cors', 'accept-encoding: gzip, deflate', 'content-length: <length>'],
    ],
  },
  {
    name: 'requests for Python 2.34',
    apart: true,
    lines: [
      ...[host, 'User-Agent: python-requests/2.34.2', 'Accept-Encoding: gzip, deflate'],
      ...['Accept: */*', 'Connection: keep-alive', bearer, length],
      'Content-Type: application/json',
    ],
  },
  {
    name: 'aiohttp 3.14',
    apart: false,
    lines: [
      ...[host, bearer, 'Accept: */*', 'Accept-Encoding: gzip, deflate'],
      ...['User-Agent: Python/3.11 aiohttp/3.14.5', length, 'Content-Type: application/json'],
    ],
  },
  {
    name: 'fetch of Node 24',
    apart: false,
    lines: [
      ...['host: 127.0.0.1:8080', 'connection: keep-alive', bearer],
      ...['content-type: text/plain;charset=UTF-8', 'accept: */*', 'accept-language: *'],
      ...['sec-fetch-mode: cors', 'user-agent: node', 'accept-encoding: gzip, deflate'],
      'content-length: <length>',
    ],
  },
  {
    name: 'undici 8',
    apart: false,
    lines: [
      ...['host: 127.0.0.1:8080', 'connection: keep-alive', bearer, 'content-length: <length>'],
    ],
  },
  {
    name: 'node:http',
    apart: false,
    lines: [bearer, host, 'Connection: keep-alive', length],
  },
  {
    name: 'curl 7.88',
    apart: false,
    lines: [
      ...[host, 'User-Agent: curl/7.88.1', 'Accept: */*', bearer],
      ...['Content-Type: application/json', length],
    ],
  },
];
