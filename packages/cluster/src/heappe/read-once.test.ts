import { expect, test } from '@jest/globals';
import { sentOnce } from './read-once.ts';

test('a short body is sent as it is', () => {
  expect(sentOnce('{}')).toEqual({ body: '{}', headers: {} });
});

test('a long body is given out once, with its length said before', () => {
  const text = 'ä'.repeat(64 * 1024);
  const { body, headers } = sentOnce(text);
  expect(headers).toEqual({ 'content-length': String(2 * 64 * 1024) });
  expect(Buffer.concat([...(body as Iterable<Buffer>)]).toString()).toBe(text);
  expect([...(body as Iterable<Buffer>)]).toEqual([]);
});
