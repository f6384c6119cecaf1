import { describe, expect, it } from '@jest/globals';
import { spreadOf, summarise } from './figures.ts';

describe('figures', () => {
  it('spread over rounds', () => {
    expect(spreadOf([3, 1, 2])).toEqual({ min: 1, median: 2, max: 3 });
    expect(spreadOf([4, 1, 2, 3])).toEqual({ min: 1, median: 2.5, max: 4 });
  });

  it('are compared within a round', () => {
    const rounds = [
      {
        direct: { 'first byte p50': 1 },
        plain: { 'first byte p50': 2 },
        ours: { 'first byte p50': 4 },
      },
      {
        direct: { 'first byte p50': 10 },
        plain: { 'first byte p50': 20 },
        ours: { 'first byte p50': 30 },
      },
    ];
    const ours = summarise(rounds, 'plain', 'direct').find(({ proxy }) => proxy === 'ours');
    expect(ours?.ratio).toEqual({ min: 1.5, median: 1.75, max: 2 });
    expect(ours?.added).toEqual({ min: 3, median: 11.5, max: 20 });
  });

  it('stand alone where there is nothing to compare with', () => {
    expect(summarise([{ ours: { mib: 3 } }], 'plain', 'direct')).toEqual([
      { proxy: 'ours', figure: 'mib', value: { min: 3, median: 3, max: 3 } },
    ]);
  });
});
