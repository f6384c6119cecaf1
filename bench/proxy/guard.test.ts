import { describe, expect, it } from '@jest/globals';
import { guard, type Ratios, worsened } from './guard.ts';

const recorded = { answers: 1, streams: 2 };

describe('the guard', () => {
  it.each([
    ['as recorded', { answers: 1, streams: 2 }, []],
    ['better', { answers: 0.5, streams: 1 }, []],
    ['a little worse', { answers: 1.24, streams: 2.49 }, []],
    ['much worse in one', { answers: 1.26, streams: 2 }, ['answers']],
    ['much worse in both', { answers: 2, streams: 3 }, ['answers', 'streams']],
    ['without a figure', { answers: 1 }, ['streams']],
    ['with a figure that is none', { answers: 1, streams: Number.NaN }, ['streams']],
  ])('of a run %s', (_what, now: Ratios, names) => {
    expect(worsened(recorded, now).map((line) => line.split(':')[0])).toEqual(names);
  });

  it('says how much', () => {
    expect(worsened({ answers: 2 }, { answers: 3 })).toEqual([
      'answers: 3.00 × node:http instead of the recorded 2.00 (50 % worse; 25 % are allowed)',
    ]);
  });

  const inTurn = (...runs: readonly Ratios[]) => {
    const left = [...runs];
    return async (): Promise<Ratios> => {
      const next = left.shift();
      if (next === undefined) throw new Error('one run too many');
      return next;
    };
  };

  const judged = async (...runs: readonly Ratios[]) =>
    (await guard(recorded, inTurn(...runs), () => undefined)).problems;

  it('does not measure again what is well', async () => {
    expect(await judged(recorded)).toEqual([]);
  });

  it('measures again what is not, and believes the better of both', async () => {
    const bad = { answers: 2, streams: 2 };
    expect(await judged(bad, recorded)).toEqual([]);
    expect(await judged(bad, { answers: 1, streams: 9 })).toEqual([]);
    expect(await judged(bad, bad)).toHaveLength(1);
    expect(await judged(bad, { answers: 1 })).toHaveLength(1);
  });
});
