import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BlockTable } from './block-table.ts';

function tableOf(blocks: number): BlockTable {
  const table = new BlockTable();
  table.grow(blocks);
  return table;
}
/** Of a table with eight blocks all keys share one place. */
const fill = (table: BlockTable, keys: readonly number[]) => {
  for (const key of keys) {
    table.tick();
    table.put(key, key + 100);
  }
};

describe('BlockTable', () => {
  test('knows what was put last, and nothing else', () => {
    const table = tableOf(64);
    fill(table, [1, -5, 2 ** 31 - 1]);
    table.put(1, 7);
    expect([1, -5, 2 ** 31 - 1, 2].map((key) => table.get(key))).toEqual([
      7,
      95,
      (2 ** 31 + 99) | 0,
      0,
    ]);
  });

  test('forgets what was not used for the longest time', () => {
    const table = tableOf(8);
    fill(table, [0, 1, 2, 3, 4, 5, 6, 7]);
    fill(table, [0, 2]);
    fill(table, [8, 9]);
    expect([0, 1, 2, 3, 4, 8, 9].map((key) => table.get(key) !== 0)).toEqual([
      ...[true, false, true, false, true],
      ...[true, true],
    ]);
  });

  test('keeps what it has when it grows', () => {
    const table = tableOf(8);
    const keys = [0, 1, 2, 3, 4, 5, 6, 7];
    fill(table, keys);
    table.grow(100);
    expect(table.length).toBe(128);
    for (const key of keys) expect(table.get(key)).toBe(key + 100);
  });

  test('changes all words at once, and takes back what becomes 0', () => {
    const table = tableOf(16);
    fill(table, [1, 2, 3]);
    table.rewrite((word) => (word === 102 ? 0 : word + 1));
    expect([1, 2, 3].map((key) => table.get(key))).toEqual([102, 0, 104]);
  });

  test('property: never tells a word that was not put for the key', () => {
    const put = fc.tuple(fc.integer(), fc.integer({ min: 1 }));
    fc.assert(
      fc.property(fc.array(put, { maxLength: 200 }), (puts) => {
        const table = tableOf(32);
        const truth = new Map<number, number>();
        for (const [key, word] of puts) {
          table.tick();
          table.put(key, word);
          truth.set(key, word);
          expect(table.get(key)).toBe(word);
        }
        for (const [key, word] of truth) expect([0, word]).toContain(table.get(key));
      }),
    );
  });
});
