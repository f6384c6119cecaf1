import { describe, expect, it } from '@jest/globals';
import { chooseCores, parseList } from './cores.ts';

describe('cores', () => {
  it.each([
    ['two', [0, 1], {}, { candidate: 0, engine: 1, load: 1 }],
    ['three', [0, 1, 2], {}, { candidate: 0, engine: 1, load: 2 }],
    ['one', [0], {}, { candidate: null, engine: null, load: null }],
    ['others than the first', [4, 6], {}, { candidate: 4, engine: 6, load: 6 }],
    [
      'two cores of two',
      [0, 1, 2, 3],
      { 1: [0, 1], 3: [2, 3] },
      { candidate: 0, engine: 2, load: 2 },
    ],
    ['one core of two', [0, 1], { 1: [0, 1] }, { candidate: 0, engine: 1, load: 1 }],
    ['a sibling that may not be used', [1, 2], { 1: [0, 1] }, { candidate: 1, engine: 2, load: 2 }],
  ] as const)('of %s', (_what, processors, siblings, chosen) => {
    const of = siblings as Record<number, readonly number[]>;
    expect(chooseCores(processors, (cpu) => of[cpu] ?? [cpu])).toEqual(chosen);
  });

  it.each([
    ['0-3,8\n', [0, 1, 2, 3, 8]],
    ['5', [5]],
    ['', []],
  ])('are read from %j', (text, list) => {
    expect(parseList(text)).toEqual(list);
  });
});
