import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createRunLengths } from './run-lengths.ts';

/** What is known after so many requests of so many milliseconds each. */
function after(...runs: readonly (readonly [count: number, lengthMs: number])[]): number {
  const lengths = createRunLengths();
  for (const [count, lengthMs] of runs) {
    for (let round = 0; round < count; round += 1) lengths.ended('m', lengthMs);
  }
  return lengths.longest('m');
}

describe('how long requests of a model run', () => {
  it('is a minute until one has ended', () => {
    expect(createRunLengths().longest('m')).toBe(60_000);
  });

  it('is known to a quarter, and never taken for less', () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 20 * 3_600_000 }), (lengthMs) => {
        const known = after([1, lengthMs]);
        return known >= lengthMs * 0.999 && known <= lengthMs * 1.27;
      }),
    );
  });

  it.each<[string, readonly (readonly [number, number])[], number]>([
    [
      'is that of the longest of a few',
      [
        [20, 1000],
        [1, 60_000],
        [20, 1000],
      ],
      60_000,
    ],
    [
      'is at once that of a longer one',
      [
        [5000, 1000],
        [6, 60_000],
      ],
      60_000,
    ],
    [
      'is not that of one in a thousand',
      [
        [999, 1000],
        [1, 3_600_000],
        [1, 1000],
      ],
      1000,
    ],
    [
      'forgets long ones after hundreds of short ones',
      [
        [300, 60_000],
        [2500, 1000],
      ],
      1000,
    ],
    ['is never less than a tenth of a second', [[9, 0]], 100],
    ['is never more than a day', [[9, 1e12]], 86_400_000],
  ])('%s', (_name, runs, expected) => {
    const known = after(...runs);
    expect(known).toBeGreaterThanOrEqual(expected * 0.95);
    expect(known).toBeLessThanOrEqual(expected * 1.27);
  });

  it('is forgotten with its model', () => {
    const lengths = createRunLengths();
    lengths.ended('m', 100);
    lengths.prune((modelId) => modelId !== 'm');
    expect(lengths.longest('m')).toBe(60_000);
  });
});
