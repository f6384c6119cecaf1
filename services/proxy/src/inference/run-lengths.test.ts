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
  it('is supposed to be a minute until a hundred have ended', () => {
    for (const count of [0, 1, 90]) {
      expect(after([count, 100])).toBeGreaterThan(60_000);
      expect(after([count, 100])).toBeLessThan(1.27 * 60_000);
    }
    expect(after([100, 100])).toBe(100);
  });

  it('learns of one that was broken off only that it would have been longer', () => {
    const lengths = createRunLengths();
    for (let round = 0; round < 200; round += 1) lengths.ended('m', 1000);
    const known = lengths.longest('m');
    for (let round = 0; round < 500; round += 1) lengths.brokenOff('m', 900);
    expect(lengths.longest('m')).toBe(known);
    for (let round = 0; round < 10; round += 1) lengths.brokenOff('m', 30_000);
    expect(lengths.longest('m')).toBeGreaterThanOrEqual(30_000);
  });

  it('stays exact over millions of requests', () => {
    const lengths = createRunLengths();
    for (let round = 0; round < 100_000; round += 1) lengths.ended('m', 1000);
    for (let round = 0; round < 4; round += 1) lengths.ended('m', 60_000);
    expect(lengths.longest('m')).toBeLessThan(1270);
    for (let round = 0; round < 4; round += 1) lengths.ended('m', 60_000);
    expect(lengths.longest('m')).toBeGreaterThanOrEqual(60_000);
  });

  it('is known to a quarter, and never taken for less', () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 20 * 3_600_000 }), (lengthMs) => {
        const known = after([300, lengthMs]);
        return known >= lengthMs * 0.999 && known <= lengthMs * 1.27;
      }),
    );
  });

  it.each<[string, readonly (readonly [number, number])[], number]>([
    [
      'is that of the longest of a few',
      [
        [20, 1000],
        [1, 120_000],
        [20, 1000],
      ],
      120_000,
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
    ['is never less than a tenth of a second', [[300, 0]], 100],
    ['is never more than a day', [[9, 1e12]], 86_400_000],
  ])('%s', (_name, runs, expected) => {
    const known = after(...runs);
    expect(known).toBeGreaterThanOrEqual(expected * 0.95);
    expect(known).toBeLessThanOrEqual(expected * 1.27);
  });

  it('is forgotten with its model', () => {
    const lengths = createRunLengths();
    lengths.ended('m', 600_000);
    lengths.prune((modelId) => modelId !== 'm');
    expect(lengths.longest('m')).toBe(createRunLengths().longest('another'));
  });
});
