import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { endpoint, minute, second, t0 } from '../../../test/builders.ts';
import { type Choice, type Endpoint, pickLeastLoaded } from '../../index.ts';

const nothing: ReadonlySet<string> = new Set();
/** For how long the requests of these tests may need their endpoint. */
const needed = minute;
const pickOf = (
  endpoints: readonly Endpoint[],
  running: (id: string) => number,
  exclude: ReadonlySet<string> = nothing,
) => pick({ endpoints, running, exclude, now: t0, needed: wish(needed) });
/** Of few endpoints none is drawn. */
const pick = (choice: Choice) => pickLeastLoaded(choice, () => Number.NaN);
const wish = (preferablyMs: number) => ({ atLeastMs: needed, preferablyMs });
const counts = (table: Record<string, number>) => (id: string) => table[id] ?? 0;

describe('pickLeastLoaded', () => {
  test.each<[string, Record<string, number | null>, Record<string, number>, string | null]>([
    ['none there', {}, {}, null],
    ['the only one', { a: null }, { a: 9 }, 'a'],
    ['the fewest running', { a: null, b: null, c: null }, { a: 2, b: 1, c: 3 }, 'b'],
    ['the smallest share, not the smallest count', { a: 4, b: 64 }, { a: 2, b: 8 }, 'b'],
    ['equal shares: the fewest running', { a: 8, b: 4 }, { a: 2, b: 1 }, 'b'],
    ['equal all over: the first', { a: 4, b: 4 }, { a: 1, b: 1 }, 'a'],
    ['an unknown capacity counts as the smallest known', { a: null, b: 2 }, { a: 2, b: 1 }, 'b'],
    ['a capacity of 0 is one', { a: 0, b: 1 }, { a: 1, b: 0 }, 'b'],
  ])('%s', (_name, capacities, running, expected) => {
    const endpoints = Object.entries(capacities).map(([id, capacity]) => endpoint(id, capacity));
    expect(pickOf(endpoints, counts(running))?.jobId ?? null).toBe(expected);
  });

  test('leaves out those that were tried', () => {
    const endpoints = ['a', 'b'].map((id) => endpoint(id));
    expect(pickOf(endpoints, counts({ b: 5 }), new Set(['a']))?.jobId).toBe('b');
    expect(pickOf(endpoints, () => 0, new Set(['a', 'b']))).toBeNull();
  });

  test('property: nobody else is less loaded, by capacity and weight', () => {
    const rows = fc.uniqueArray(
      fc.record({
        id: fc.string({ minLength: 1, maxLength: 3 }),
        capacity: fc.integer({ min: 1, max: 64 }),
        weight: fc.constantFrom(1, 1, 2, 0.5),
        running: fc.nat(100),
        excluded: fc.boolean(),
      }),
      { selector: (row) => row.id, maxLength: 8 },
    );
    fc.assert(
      fc.property(rows, (all) => {
        const running = counts(Object.fromEntries(all.map((row) => [row.id, row.running])));
        const exclude = new Set(all.filter((row) => row.excluded).map((row) => row.id));
        const endpoints = all.map(({ id, capacity, weight }) => endpoint(id, capacity, weight));
        const picked = pickOf(endpoints, running, exclude);
        const free = all.filter((row) => !row.excluded);
        if (free.length === 0) return picked === null;
        const share = (row: (typeof all)[number]) => row.running / (row.capacity * row.weight);
        const best = Math.min(...free.map(share));
        const its = free.find((row) => row.id === picked?.jobId);
        return its !== undefined && share(its) === best;
      }),
    );
  });

  test('one of twice the weight has twice the load', () => {
    const endpoints = [endpoint('a', 64, 2), endpoint('b', 64), endpoint('c', 64)];
    const table: Record<string, number> = {};
    for (let request = 0; request < 40; request += 1) {
      const id = pickOf(endpoints, counts(table))?.jobId ?? '';
      table[id] = (table[id] ?? 0) + 1;
    }
    expect(table).toEqual({ a: 20, b: 10, c: 10 });
  });

  describe('of many', () => {
    const many = Array.from({ length: 20 }, (_, index) => endpoint(`e${index}`, 4));
    /** Draws the endpoints of these two numbers. */
    const drawing = (first: number, second: number) => {
      const draws = [first / 20, (((second - first + 20) % 20) - 1) / 19];
      return () => (draws.shift() ?? Number.NaN) + 1e-9;
    };
    const draw = (over: Partial<Choice>, random: () => number) =>
      pickLeastLoaded(
        {
          endpoints: many,
          running: () => 1,
          exclude: nothing,
          now: t0,
          needed: wish(needed),
          ...over,
        },
        random,
      )?.jobId;

    test('takes the better of two', () => {
      const running = counts({ e3: 2, e11: 1 });
      expect(draw({ running }, drawing(3, 11))).toBe('e11');
      expect(draw({ running }, drawing(11, 3))).toBe('e11');
      expect(draw({ running }, drawing(19, 0))).toBe('e19');
    });

    test('looks at all where one of the two will not do', () => {
      const running = counts({ ...Object.fromEntries(many.map(({ jobId }) => [jobId, 1])), e7: 0 });
      expect(draw({ running, exclude: new Set(['e3']) }, drawing(3, 11))).toBe('e7');
      expect(draw({ running: (id) => (id === 'e3' ? 4 : running(id)) }, drawing(3, 11))).toBe('e7');
      const short = many.map((one) => (one.jobId === 'e3' ? { ...one, servesUntil: t0 } : one));
      expect(draw({ running, endpoints: short }, drawing(3, 11))).toBe('e7');
      const unknown = many.map((one) => (one.jobId === 'e3' ? { ...one, capacity: null } : one));
      expect(draw({ running, endpoints: unknown }, drawing(3, 11))).toBe('e7');
    });

    test('property: null only if all are excluded, and never one that is', () => {
      const excluded = fc.subarray(many.map(({ jobId }) => jobId));
      const draws = fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 2 });
      fc.assert(
        fc.property(excluded, draws, (ids, numbers) => {
          const random = () => numbers.shift() ?? 0;
          const picked = draw({ exclude: new Set(ids) }, random) ?? null;
          return picked === null ? ids.length === many.length : !ids.includes(picked);
        }),
      );
    });
  });

  /** Seconds that each has left; null: nobody knows. */
  const leaving = (left: Record<string, number | null>): readonly Endpoint[] =>
    Object.entries(left).map(([id, seconds]) => ({
      ...endpoint(id),
      servesUntil: seconds === null ? null : t0 + seconds * second,
    }));

  test.each<[string, Record<string, number | null>, Record<string, number>, string]>([
    ['one that lasts, however busy', { a: 30, b: 60 }, { b: 9 }, 'b'],
    ['the least busy of those that last', { a: 3600, b: 60, c: 30 }, { a: 2, b: 1 }, 'b'],
    ['one whose end nobody knows', { a: 59, b: null }, { b: 9 }, 'b'],
    ['the longest, where none lasts', { a: 30, b: 50, c: 10 }, { b: 9 }, 'b'],
    ['the least busy of those that end together', { a: 50, b: 56, c: 30 }, { a: 1, b: 2 }, 'a'],
    ['the latest, where all should be over', { a: -20, b: -10 }, { b: 9 }, 'b'],
    ['the only one', { a: -20 }, { a: 9 }, 'a'],
  ])('takes %s', (_name, left, running, expected) => {
    expect(pickOf(leaving(left), counts(running))?.jobId).toBe(expected);
  });

  test.each<[string, Record<string, number | null>, Record<string, number>, string]>([
    ['one that lasts as long as that', { a: 600, b: 7200 }, { b: 1 }, 'b'],
    ['the least busy of those that do', { a: 4000, b: 7200 }, { a: 1, b: 3 }, 'a'],
    ['the longest, where none does', { a: 600, b: 1800 }, { b: 1 }, 'b'],
    ['the longest that is not full', { a: 90, b: 900, c: 1800 }, { c: 4 }, 'b'],
    ['one that does what it must, where the others are full', { a: 90, b: 900 }, { b: 4 }, 'a'],
    ['a full one, where no other does what it must', { a: 50, b: 900 }, { b: 4 }, 'b'],
    [
      'one that does what it must, where the others are much busier',
      { a: 90, b: 900 },
      { b: 2 },
      'a',
    ],
    ['the least full one', { a: 90, b: 900 }, { a: 6, b: 5 }, 'b'],
  ])('of which more is preferred than needed: %s', (_name, left, running, expected) => {
    const endpoints = leaving(left).map((one) => ({ ...one, capacity: 4 }));
    const choice = { endpoints, running: counts(running), exclude: nothing, now: t0 };
    expect(pick({ ...choice, needed: wish(60 * minute) })?.jobId).toBe(expected);
  });

  test('one that was tried is not waited for, though it lasts', () => {
    const endpoints = leaving({ a: 30, b: 3600, c: 50 });
    expect(pickOf(endpoints, counts({}), new Set(['b']))?.jobId).toBe('c');
  });

  test('property: never refuses, never starts what may be cut off elsewhere', () => {
    const rows = fc.uniqueArray(
      fc.record({
        id: fc.string({ minLength: 1, maxLength: 3 }),
        left: fc.option(fc.integer({ min: -100, max: 200 })),
        running: fc.nat(100),
      }),
      { selector: (row) => row.id, minLength: 1, maxLength: 8 },
    );
    fc.assert(
      fc.property(rows, (all) => {
        const endpoints = leaving(Object.fromEntries(all.map((row) => [row.id, row.left])));
        const running = counts(Object.fromEntries(all.map((row) => [row.id, row.running])));
        const pick = pickOf(endpoints, running);
        if (pick === null) return false;
        const leftOf = ({ servesUntil }: Endpoint) =>
          (servesUntil ?? Number.POSITIVE_INFINITY) - t0;
        const most = Math.max(...endpoints.map(leftOf));
        return leftOf(pick) >= Math.min(needed, most > 0 ? most * (7 / 8) : most);
      }),
    );
  });
});
