import fc from 'fast-check';
import { key } from './harness.ts';

/** Requests as clients send them, as attackers do, and what is in between. All of latin1. */

const body = '{"model":"a/b"}';
const oneOf = (...values: readonly string[]) => fc.constantFrom(...values);
/** Mostly the first one. */
const mostly = (usual: string, ...others: readonly string[]) =>
  fc.oneof(
    { arbitrary: fc.constant(usual), weight: 4 },
    { arbitrary: oneOf(...others), weight: 1 },
  );

const method = mostly('POST', 'GET', 'HEAD', 'PUT', 'post', 'POSTX', '', 'OPTIONS', 'PRI', 'GE T');
const target = mostly(
  '/p/demo/openai/v1/chat/completions',
  '/p/demo/openai/v1/models',
  '/p/demo/openai/v1/embeddings?x=1',
  '/health',
  '/p/demo',
  '/p/d%65mo/openai/v1/models',
  'http://x/health',
  '*',
  '',
  '/p/demo/openai/v1/chat/completions#x',
  '/p/demo /health',
);
const version = mostly('HTTP/1.1', 'HTTP/1.0', 'HTTP/1.1 ', 'http/1.1', 'HTTP/2.0', 'HTTP/1.', '');
const end = fc.oneof(
  { arbitrary: fc.constant('\r\n'), weight: 30 },
  { arbitrary: oneOf('\n', '\r', '\r\r\n', '\r\n ', '\r\n\t', '\0\r\n', ' \r\n', ''), weight: 1 },
);
const colon = fc.oneof(
  { arbitrary: fc.constant(': '), weight: 20 },
  { arbitrary: oneOf(':', ' : ', ':\t', ':  ', '', ': \t', '\t:'), weight: 1 },
);
const name = oneOf(
  ...['host', 'Host', 'connection', 'Content-Length', 'content-length', 'Transfer-Encoding'],
  ...['transfer-encoding', 'expect', 'upgrade', 'te', 'trailer', 'content-encoding', 'accept'],
  ...['x-request-id', 'traceparent', 'authorization', 'cookie', 'prefer', 'x', 'X-A', 'x_y', 'x y'],
  ...['keep-alive', 'proxy-connection', 'Content-Lengths', 'content_length', '', '(x)', '\xe9'],
);
const value = oneOf(
  ...['x', 'close', 'keep-alive', 'Keep-Alive', 'upgrade', 'chunked', 'identity', 'gzip, chunked'],
  ...['15', '0', '1', '14', '16', '+15', '0015', '0xf', '15, 15', '15 ', '-1', '99999999', '1e1'],
  ...['100-continue', 'h2c', 'trailers', `Bearer ${key}`, 'a\tb', 'a\0b', '\xe9', 'x, y', '', ' '],
  ...['content-length', 'content-length: 3', 'a\rb', 'a\nb', 'wait=1', 'x/y', '[::1]:80'],
);
const header = fc.tuple(name, colon, value, end).map((parts) => parts.join(''));
const own = `host: x\r\nauthorization: Bearer ${key}\r\n`;
const usualHeaders = fc
  .tuple(fc.array(header, { maxLength: 2 }), fc.array(header, { maxLength: 1 }))
  .map(([before, behind]) => `${before.join('')}${own}content-length: 15\r\n${behind.join('')}`);
const headers = fc.oneof(
  { arbitrary: usualHeaders, weight: 3 },
  { arbitrary: fc.array(header, { maxLength: 5 }).map((all) => own + all.join('')), weight: 2 },
  { arbitrary: fc.array(header, { maxLength: 6 }).map((all) => all.join('')), weight: 1 },
);
const payload = mostly(
  body,
  '',
  `f\r\n${body}\r\n0\r\n\r\n`,
  `f;x=y\r\n${body}\r\n0\r\nx: y\r\n\r\n`,
  `f\n${body}\n0\n\n`,
  body.slice(1),
  `${body}\r\n`,
  '0\r\n\r\n',
);

const plain = oneOf(
  `POST /p/demo/openai/v1/chat/completions HTTP/1.1\r\n${own}content-length: 15\r\n\r\n${body}`,
  `POST /p/demo/openai/v1/embeddings HTTP/1.1\r\n${own}Content-Length: 15\r\nConnection: close\r\n\r\n${body}`,
  `GET /health HTTP/1.1\r\n${own}\r\n`,
);
const put = fc
  .tuple(method, target, version, end, headers, end, payload)
  .map(([verb, what, how, lineEnd, lines, headEnd, rest]) =>
    [verb, ' ', what, ' ', how, lineEnd, lines, headEnd, rest].join(''),
  );

/** What is put into, or instead of, bytes of a request. */
const scrap = oneOf(
  ...['\r\n', '\n', '\r', '\0', ' ', '\t', ':', ',', ';', '\x0b', '\x7f', '\x80', '\xff', '0', 'a'],
  ...[
    '\r\n\r\n',
    ' HTTP/1.1\r\n',
    'chunked',
    'Transfer-Encoding: chunked\r\n',
    'content-length: 0\r\n',
  ],
);
const mutation = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  instead: fc.integer({ min: 0, max: 3 }),
  scrap,
});

function mutate(
  text: string,
  { at, instead, scrap: bytes }: { at: number; instead: number; scrap: string },
) {
  const place = Math.floor(at * text.length);
  return text.slice(0, place) + bytes + text.slice(place + instead);
}

/** Texts in which up to three places are not as they were. */
export function mutated(texts: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .tuple(texts, fc.array(mutation, { minLength: 1, maxLength: 3 }))
    .map(([text, mutations]) => mutations.reduce(mutate, text));
}

/** One request, or what looks a little like one. */
export const oddRequest: fc.Arbitrary<string> = fc.oneof(
  { arbitrary: put, weight: 3 },
  { arbitrary: mutated(fc.oneof(plain, put)), weight: 3 },
  { arbitrary: plain, weight: 1 },
);

/** Several of them, one right behind the other. */
export const oddRequests: fc.Arbitrary<string> = fc
  .array(oddRequest, { minLength: 1, maxLength: 3 })
  .map((all) => all.join(''));
