import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { remainderOf, spreadOf } from './start-history.ts';

const ten = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
const durations = fc.array(fc.integer({ min: 0, max: 1e9 }), { maxLength: 25 });

describe('what samples tell', () => {
  test.each<[string, readonly number[], readonly number[], ReturnType<typeof spreadOf>]>([
    ['nothing, of none', [], [], null],
    ['of one: perhaps twice as long', [100], [], { typical: 100, high: 200 }],
    ['of two: half as long again as the longest', [10, 100], [], { typical: 10, high: 150 }],
    ['of ten: nine of ten', ten.toReversed(), [], { typical: 5, high: 9 }],
    ['clocks that disagree: none at all', [-5, Number.NaN], [], { typical: 0, high: 0 }],
    ['what lasts shorter than is typical tells nothing', ten, [4, 5], { typical: 5, high: 9 }],
    ['what lasts longer counts as it is now', ten, [16, 18], { typical: 6, high: 16 }],
    ['and for twice the longest at most', ten, [400, 500], { typical: 6, high: 20 }],
    [
      'unless many have not come to an end',
      ten,
      [500, 500, 500, 500, 500, 500],
      { typical: 8, high: 500 },
    ],
    ['one of ten and more out of all proportion', [...ten, 1e9], [], { typical: 6, high: 10 }],
    ['with nothing else, it is all there is', [], [40], { typical: 40, high: 80 }],
  ])('%s', (_name, samples, unfinished, spread) => {
    expect(spreadOf(samples, unfinished)).toEqual(spread);
  });

  test('one out of all proportion among a few counts as twice the next', () => {
    const minute = 60_000;
    const some = [9, 10, 11, 12].map((minutes) => minutes * minute);
    expect(spreadOf([...some, 9_000 * minute])?.high).toBe(24 * minute * 1.2);
    expect(spreadOf([...some, 9_000 * minute, 9_001 * minute])?.high).toBeGreaterThan(
      9_000 * minute,
    );
    expect(spreadOf([0, 0, 0, 0, 9_000 * minute])?.high).toBe(10 * minute * 1.2);
  });

  test('is a number, and `high` is never the smaller one', () => {
    fc.assert(
      fc.property(durations, durations, (samples, unfinished) => {
        const spread = spreadOf(samples, unfinished);
        if (samples.length + unfinished.length === 0) expect(spread).toBeNull();
        if (spread === null) return;
        expect(spread.typical).toBeGreaterThanOrEqual(0);
        expect(spread.high).toBeGreaterThanOrEqual(spread.typical);
        expect(Number.isFinite(spread.high)).toBe(true);
      }),
    );
  });

  test('few samples are never taken for certain', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 1e9 }), { minLength: 1, maxLength: 9 }),
        (few) => {
          const ascending = few.toSorted((a, b) => a - b);
          const counted = ascending.at(few.length < 5 ? -1 : -2) ?? 0;
          expect(spreadOf(few)?.high).toBeGreaterThan(counted);
        },
      ),
    );
  });

  test('longer ones never make the next one shorter', () => {
    const grown = fc.array(fc.tuple(fc.nat(1e6), fc.nat(1e6)), { minLength: 1, maxLength: 25 });
    fc.assert(
      fc.property(grown, durations, (pairs, unfinished) => {
        const before = spreadOf(
          pairs.map(([length]) => length),
          unfinished,
        );
        const after = spreadOf(
          pairs.map(([length, more]) => length + more),
          unfinished,
        );
        expect(after?.typical).toBeGreaterThanOrEqual(before?.typical ?? 0);
        expect(after?.high).toBeGreaterThanOrEqual(before?.high ?? 0);
      }),
    );
  });
});

describe('how much more there is', () => {
  test.each<[string, readonly number[], number, ReturnType<typeof remainderOf>]>([
    ['nobody knows without samples', [], 5, null],
    ['at the beginning, the whole', ten, 0, { from: 5, to: 9 }],
    ['of those that lasted longer', ten, 6, { from: 2, to: 6.5 }],
    ['longer than ever: perhaps as long again', ten, 40, { from: 0, to: 40 }],
  ])('%s', (_name, samples, elapsed, remainder) => {
    expect(remainderOf(samples, elapsed)).toEqual(remainder);
  });

  test('never lies in the past, and never ends before it begins', () => {
    fc.assert(
      fc.property(durations, fc.nat(1e9), (samples, elapsed) => {
        const left = remainderOf(samples, elapsed);
        if (left === null) return;
        expect(left.from).toBeGreaterThanOrEqual(0);
        expect(left.to).toBeGreaterThanOrEqual(left.from);
      }),
    );
  });
});
