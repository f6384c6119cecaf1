import { expect, it } from '@jest/globals';
import { framing, plain } from '../../services/proxy/test/ambiguous-requests.ts';
import { casesOf } from './cases.ts';
import { wholeRequests } from './whole.ts';

const head = (lines: string, method = 'POST') => `${method} /x HTTP/1.1\r\nhost: x\r\n${lines}\r\n`;
const chunks = 'f\r\n{"model":"a/b"}\r\n0\r\n\r\n';

it.each([
  ['nothing', '', 0],
  ['one', plain, 1],
  ['several', plain + head('', 'GET') + plain, 3],
  ['one in chunks', head('Transfer-Encoding: chunked\r\n') + chunks, 1],
  ['a body that looks like another', head(`content-length: ${plain.length}\r\n`) + plain, 1],
  ['one that is not all there', plain.slice(0, -1), null],
  ['one and a byte', `${plain}x`, null],
  [
    'chunks that are not all there',
    head('transfer-encoding: chunked\r\n') + chunks.slice(0, -1),
    null,
  ],
  ['two readings', head('content-length: 3\r\ntransfer-encoding: chunked\r\n') + chunks, null],
  ['two lengths', head('content-length: 0\r\ncontent-length: 0\r\n'), null],
  ['an odd length', head('content-length: +0\r\n'), null],
  ['a bare line feed', head('x: y\n'), null],
  ['HEAD', head('', 'HEAD'), null],
])('%s', (_, text, expected) => {
  expect(wholeRequests(text)).toBe(expected);
});

it('is for sure of some that could be taken for two things, and of most not', () => {
  const sure = framing.filter(([, bytes]) => wholeRequests(bytes) !== null);
  expect(sure.length).toBeGreaterThan(5);
  expect(sure.length).toBeLessThan(framing.length / 2);
});

it('is so of many connections from their first request to their last', () => {
  const cases = casesOf(1, 500);
  const sure = cases.filter(({ turns }) =>
    turns.every((packets) => wholeRequests(packets.join('')) !== null),
  );
  expect(sure.length / cases.length).toBeGreaterThan(0.2);
});
