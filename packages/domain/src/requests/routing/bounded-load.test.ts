import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { endpoint, minute, second, t0 } from '../../../test/builders.ts';
import { attraction, type Choice, type Endpoint, loadBound, pickByRank } from '../../index.ts';

const nothing: ReadonlySet<string> = new Set();
const anyTime = { atLeastMs: 0, preferablyMs: 0 };
const counts = (table: Record<string, number>) => (id: string) => table[id] ?? 0;
const choice = (endpoints: readonly Endpoint[], over: Partial<Choice> = {}): Choice => ({
  endpoints,
  running: () => 0,
  exclude: nothing,
  now: t0,
  needed: anyTime,
  ...over,
});
/** The higher its letter, the better. */
const byLetter = ({ jobId }: Endpoint) => jobId.charCodeAt(0);
const leaving = (left: Record<string, number>, capacity: number | null = null) =>
  Object.entries(left).map(([id, seconds]) => ({
    ...endpoint(id, capacity),
    servesUntil: t0 + seconds * second,
  }));

describe('pickByRank', () => {
  test.each<[string, Record<string, number | null>, Record<string, number>, string | null]>([
    ['none there', {}, {}, null],
    ['the best of idle ones', { a: null, b: null, c: null }, {}, 'c'],
    ['the best that has hardly more than the others', { a: null, b: null }, { a: 4, b: 5 }, 'b'],
    ['the next where the best has too much', { a: null, b: null }, { a: 4, b: 9 }, 'a'],
    ['by capacity', { a: 10, b: 20 }, { a: 4, b: 9 }, 'b'],
    ['one that is not full', { a: 8, b: 4 }, { a: 7, b: 4 }, 'a'],
    ['the least busy, where all are full', { a: 4, b: 4, c: 4 }, { a: 6, b: 5, c: 6 }, 'b'],
  ])('%s', (_name, capacities, running, expected) => {
    const endpoints = Object.entries(capacities).map(([id, capacity]) => endpoint(id, capacity));
    const picked = pickByRank(choice(endpoints, { running: counts(running) }), byLetter);
    expect(picked?.jobId ?? null).toBe(expected);
  });

  test('by weight', () => {
    const endpoints = [endpoint('a', null, 1), endpoint('b', null, 2)];
    const pick = (running: Record<string, number>) =>
      pickByRank(choice(endpoints, { running: counts(running) }), byLetter)?.jobId;
    expect(pick({ a: 1, b: 9 })).toBe('b');
    expect(pick({ a: 1, b: 11 })).toBe('a');
  });

  test.each<[string, Record<string, number>, Record<string, number>, string]>([
    ['the best that lasts', { a: 90, b: 70, c: 30 }, {}, 'b'],
    ['the best of those with the most time, where none lasts', { a: 50, b: 48, c: 10 }, {}, 'b'],
    ['one that lasts however busy it is', { a: 90, b: 30 }, { a: 9 }, 'a'],
  ])('takes %s', (_name, left, running, expected) => {
    const needed = { atLeastMs: minute, preferablyMs: minute };
    const picked = pickByRank(
      choice(leaving(left), { running: counts(running), needed }),
      byLetter,
    );
    expect(picked?.jobId).toBe(expected);
  });

  test.each<[string, Record<string, number>, Record<string, number>, string]>([
    ['the best of those that last so long', { a: 4000, b: 5000, c: 600 }, {}, 'b'],
    ['the longest, where none does', { a: 600, b: 1800, c: 90 }, {}, 'b'],
    [
      'the best of the others, where that is much busier',
      { a: 600, b: 5000, c: 90 },
      { b: 3 },
      'a',
    ],
    [
      'the best of all that last as long as they must, where those are full',
      { a: 600, b: 5000, c: 590 },
      { b: 4, a: 3, c: 3 },
      'c',
    ],
  ])('of which more is preferred than needed: %s', (_name, left, running, expected) => {
    const needed = { atLeastMs: minute, preferablyMs: 60 * minute };
    const picked = pickByRank(
      choice(leaving(left, 4), { running: counts(running), needed }),
      byLetter,
    );
    expect(picked?.jobId).toBe(expected);
  });

  const rows = fc.uniqueArray(
    fc.record({
      id: fc.string({ minLength: 1, maxLength: 4 }),
      capacity: fc.option(fc.integer({ min: 0, max: 64 })),
      weight: fc.constantFrom(1, 1, 2, 0.5, 100),
      running: fc.nat(100),
      excluded: fc.boolean(),
      left: fc.option(fc.integer({ min: -100, max: 200 })),
    }),
    { selector: (row) => row.id, maxLength: 10 },
  );
  const needs = fc
    .tuple(fc.integer({ min: 0, max: 120 }), fc.integer({ min: 0, max: 600 }))
    .map(([atLeast, more]) => ({
      atLeastMs: atLeast * second,
      preferablyMs: (atLeast + more) * second,
    }));
  type Row = typeof rows extends fc.Arbitrary<readonly (infer T)[]> ? T : never;
  const choiceOf = (all: readonly Row[], over: Partial<Choice> = {}) =>
    choice(
      all.map(({ id, capacity, weight, left }) => ({
        ...endpoint(id, capacity, weight),
        servesUntil: left === null ? null : t0 + left * second,
      })),
      {
        running: counts(Object.fromEntries(all.map((row) => [row.id, row.running]))),
        exclude: new Set(all.filter((row) => row.excluded).map((row) => row.id)),
        ...over,
      },
    );

  test('property: null only if all are excluded, never one that is, and always the same one', () => {
    fc.assert(
      fc.property(rows, needs, fc.integer(), (all, needed, key) => {
        const asked = choiceOf(all, { needed });
        const rank = ({ jobId, weight }: Endpoint) => attraction(key, jobId, weight);
        const picked = pickByRank(asked, rank);
        expect(pickByRank(asked, rank)).toBe(picked);
        if (picked === null) return all.every(({ excluded }) => excluded);
        return !asked.exclude.has(picked.jobId);
      }),
    );
  });

  test('property: nobody gets more than its bound, and nobody who is full while another is not', () => {
    fc.assert(
      fc.property(rows, fc.integer(), (all, key) => {
        const asked = choiceOf(all);
        const picked = pickByRank(asked, ({ jobId, weight }) => attraction(key, jobId, weight));
        if (picked === null) return;
        const free = all.filter(({ excluded, left }) => !excluded && (left ?? 1) >= 0);
        const its = free.find(({ id }) => id === picked.jobId);
        // Where all should be over, those with the most time left are chosen from.
        if (its === undefined) return;
        const known = all.map(({ capacity }) => capacity).filter((one) => one !== null);
        const smallest = known.length === 0 ? 1 : Math.min(...known);
        const sizeOf = (row: Row) => Math.max(1, row.capacity ?? smallest) * row.weight;
        const size = free.reduce((sum, row) => sum + sizeOf(row), 0);
        const running = free.reduce((sum, row) => sum + row.running, 0);
        const most = Math.ceil((loadBound * (running + 1) * sizeOf(its)) / size - 1e-9);
        expect(its.running + 1).toBeLessThanOrEqual(most);
      }),
    );
  });

  test('property: keys stay where they are while nothing changes, and one more endpoint takes only its part', () => {
    const endpoints = Array.from({ length: 9 }, (_, index) => endpoint(`job-${index}`));
    const keys = Array.from({ length: 3000 }, (_, index) => Math.imul(index, 0x9e3779b1));
    const pick = (among: readonly Endpoint[], key: number) =>
      pickByRank(choice(among), ({ jobId }) => attraction(key, jobId, 1))?.jobId;
    const before = keys.map((key) => pick(endpoints.slice(0, 8), key));
    const after = keys.map((key) => pick(endpoints, key));
    const moved = after.filter((jobId, index) => jobId !== before[index]);
    expect(new Set(moved)).toEqual(new Set(['job-8']));
    expect(moved.length / keys.length).toBeCloseTo(1 / 9, 1.3);
    expect(keys.map((key) => pick(endpoints, key))).toEqual(after);
  });
});
