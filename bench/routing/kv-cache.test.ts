import { describe, expect, test } from '@jest/globals';
import { KvCache } from './kv-cache.ts';

const blocks = (...hashes: readonly number[]) => Int32Array.from(hashes);

describe('KvCache', () => {
  test('finds what two prompts have in common, from their beginning', () => {
    const cache = new KvCache(10);
    cache.use(blocks(1, 2, 3));
    expect(cache.cached(blocks(1, 2, 9))).toBe(2);
    expect(cache.cached(blocks(9, 2, 3))).toBe(0);
  });

  test('drops what was not used for the longest time, of one prompt its end first', () => {
    const cache = new KvCache(5);
    cache.use(blocks(1, 2, 3));
    cache.use(blocks(4, 5));
    cache.use(blocks(6));
    expect(cache.cached(blocks(1, 2, 3))).toBe(2);
    cache.use(blocks(1, 2));
    cache.use(blocks(7, 8));
    expect([blocks(1, 2), blocks(4, 5), blocks(6)].map((one) => cache.cached(one))).toEqual([
      2, 0, 1,
    ]);
  });
});
