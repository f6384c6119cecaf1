import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { losesKey, nodeHeaders } from './node-headers.ts';

const accept = { Name: 'Accept', Value: '*/*' };

describe('headers that reach an engine', () => {
  test.each<[string, string[], object[]]>([
    ['none', [], [accept]],
    [
      'our key and id',
      ['authorization', 'Bearer k', 'X-Request-Id', 'r'],
      [
        { Name: 'authorization', Value: 'Bearer k' },
        { Name: 'X-Request-Id', Value: 'r' },
      ],
    ],
    [
      'a bare media type',
      ['Content-Type', 'application/json; charset=utf-8'],
      [{ Name: 'Content-Type', Value: 'application/json' }],
    ],
    ['no broken media type', ['content-type', 'json'], [accept]],
    [
      'nothing of the connection',
      ['Host', 'x', 'Connection', 'close', 'Content-Length', '3'],
      [accept],
    ],
    [
      'nothing too long',
      ['x-a', 'a'.repeat(101), 'x'.repeat(51), 'b', 'x-c', 'c'.repeat(100)],
      [{ Name: 'x-c', Value: 'c'.repeat(100) }],
    ],
    ['nothing empty or beyond ASCII', ['x-a', ' ', 'x-b', 'ä', 'x-c', 'a\tb'], [accept]],
  ])('%s', (_name, raw, headers) => {
    expect(nodeHeaders(raw)).toEqual(headers);
  });

  test('are always some that HEAppE takes', () => {
    const words = fc.string({ unit: 'binary', maxLength: 120 });
    fc.assert(
      fc.property(fc.array(words, { maxLength: 12 }), (raw) => {
        const headers = nodeHeaders(raw);
        expect(headers.length).toBeGreaterThan(0);
        for (const { Name, Value } of headers) {
          expect(Name.length).toBeGreaterThan(0);
          expect(Name.length).toBeLessThanOrEqual(50);
          expect(Value.length).toBeGreaterThan(0);
          expect(Value.length).toBeLessThanOrEqual(100);
        }
      }),
    );
  });

  test('a key of ours fits, a long one is noticed', () => {
    expect(losesKey(`Bearer ${'k'.repeat(43)}`)).toBe(false);
    expect(losesKey(undefined)).toBe(false);
    expect(losesKey(`Bearer ${'k'.repeat(94)}`)).toBe(true);
  });
});
