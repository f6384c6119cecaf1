import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Asked, createRunLengths, type RunLengths } from './run-lengths.ts';

const plain: Asked = { streamed: false, maxTokens: null };
const stream: Asked = { streamed: true, maxTokens: null };
const longest = (lengths: RunLengths, modelId = 'm') => lengths.needed(modelId, plain).atLeastMs;

/** What is known after so many requests of so many milliseconds each. */
function after(...runs: readonly (readonly [count: number, lengthMs: number])[]): number {
  const lengths = createRunLengths();
  for (const [count, lengthMs] of runs) {
    for (let round = 0; round < count; round += 1) lengths.ended('m', plain, lengthMs, 0);
  }
  return longest(lengths);
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
    for (let round = 0; round < 200; round += 1) lengths.ended('m', plain, 1000, 0);
    const known = longest(lengths);
    for (let round = 0; round < 500; round += 1) lengths.brokenOff('m', plain, 900);
    expect(longest(lengths)).toBe(known);
    for (let round = 0; round < 10; round += 1) lengths.brokenOff('m', plain, 30_000);
    expect(longest(lengths)).toBeGreaterThanOrEqual(30_000);
  });

  it('stays exact over millions of requests', () => {
    const lengths = createRunLengths();
    for (let round = 0; round < 100_000; round += 1) lengths.ended('m', plain, 1000, 0);
    for (let round = 0; round < 4; round += 1) lengths.ended('m', plain, 60_000, 0);
    expect(longest(lengths)).toBeLessThan(1270);
    for (let round = 0; round < 4; round += 1) lengths.ended('m', plain, 60_000, 0);
    expect(longest(lengths)).toBeGreaterThanOrEqual(60_000);
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
    lengths.ended('m', plain, 600_000, 0);
    lengths.prune((modelId) => modelId !== 'm');
    expect(longest(lengths)).toBe(longest(createRunLengths(), 'another'));
  });
});

describe('what a request may need', () => {
  const minutes = 60_000;
  const mixture = (rounds: number, add: (lengths: RunLengths) => void) => {
    const lengths = createRunLengths();
    for (let round = 0; round < rounds; round += 1) add(lengths);
    return lengths;
  };
  const many = (lengths: RunLengths, asked: Asked, lengthMs: number, tokens = 0) => {
    for (let round = 0; round < 199; round += 1) lengths.ended('m', asked, lengthMs, tokens);
  };

  it('is that of a stream, however many plain ones are short', () => {
    const lengths = mixture(10, (all) => {
      many(all, plain, 100);
      all.ended('m', stream, 20 * minutes, 0);
    });
    expect(lengths.needed('m', stream).atLeastMs).toBeGreaterThanOrEqual(20 * minutes);
    expect(lengths.needed('m', plain).preferablyMs).toBe(100);
  });

  it('is preferably that of the longest stream, where others are short', () => {
    const lengths = mixture(5, (all) => {
      many(all, stream, 300);
      all.ended('m', stream, 20 * minutes, 0);
      many(all, stream, 300);
    });
    const { atLeastMs, preferablyMs } = lengths.needed('m', stream);
    expect(atLeastMs).toBeLessThan(1000);
    expect(preferablyMs).toBeGreaterThanOrEqual(20 * minutes);
    expect(preferablyMs).toBeLessThan(1.27 * 20 * minutes);
  });

  it('is preferably an hour for a stream until a hundred have ended', () => {
    const lengths = createRunLengths();
    expect(lengths.needed('m', stream).preferablyMs).toBe(60 * minutes);
    many(lengths, stream, 1000);
    expect(lengths.needed('m', stream).preferablyMs).toBeLessThan(2 * minutes);
  });

  it('is as long as its tokens take at the most', () => {
    // 20 ms for each token; those of one or two tokens say nothing of that.
    const lengths = mixture(10, (all) => {
      many(all, stream, 2000, 100);
      all.ended('m', plain, 5000, 1);
      all.ended('m', stream, 20 * minutes, 60_000);
    });
    const of = (maxTokens: number) => lengths.needed('m', { streamed: true, maxTokens });
    const { atLeastMs, preferablyMs } = of(32_000);
    expect(preferablyMs).toBeGreaterThanOrEqual(640_000);
    expect(preferablyMs).toBeLessThan(1.27 * 640_000);
    expect(atLeastMs).toBeLessThan(3000);
    // What the prompt takes is not known.
    expect(of(16).preferablyMs).toBe(10_000);
    const long = mixture(10, (all) => many(all, stream, 20 * minutes, 60_000));
    expect(long.needed('m', { streamed: true, maxTokens: 16 }).atLeastMs).toBe(10_000);
  });
});
