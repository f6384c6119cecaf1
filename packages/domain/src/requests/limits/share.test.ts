import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { runs } from '../../../test/runs.ts';
import { equalShare, nextShare } from './share.ts';

describe('the share of a proxy', () => {
  it.each([
    ['alone: all of it', null, 5, 5, 1, 1],
    ['of three, nothing known, evenly used', null, 5, 15, 3, 1 / 3],
    ['falls at once', 1, 1, 2, 2, 0.5],
    ['rises slowly', 0.5, 10, 10, 2, 0.65],
    ['never below a quarter of an equal one', 0.5, 1, 1000, 2, 0.125],
    ['own use that the others have not counted yet', 1, 5, 3, 3, 1],
  ])('%s', (_what, before, own, all, proxies, after) => {
    expect(nextShare(before, own, all, proxies)).toBeCloseTo(after);
  });

  it('comes to what it is, wherever it began', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 16 }),
        fc.double({ min: 0.05, max: 1, noNaN: true }),
        (proxies, begin) => {
          const real = equalShare(proxies) * 0.5 + 0.5 * 0.9;
          let share: number | null = begin;
          for (let round = 0; round < 40; round += 1)
            share = nextShare(share, real * 100, 100, proxies);
          expect(share).toBeCloseTo(real, 2);
        },
      ),
      runs(100),
    );
  });
});
