import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { endpoint } from '../test/builders.ts';
import { pickEndpoint } from './index.ts';

const nothing: ReadonlySet<string> = new Set();
const counts = (table: Record<string, number>) => (id: string) => table[id] ?? 0;

describe('pickEndpoint', () => {
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
    expect(pickEndpoint(endpoints, counts(running), nothing)?.jobId ?? null).toBe(expected);
  });

  test('takes turns among idle endpoints', () => {
    const endpoints = ['a', 'b', 'c'].map((id) => endpoint(id));
    const picks = [0, 1, 2, 3, -1].map((turn) => pickEndpoint(endpoints, () => 0, nothing, turn));
    expect(picks.map((pick) => pick?.jobId)).toEqual(['a', 'b', 'c', 'a', 'b']);
  });

  test('leaves out those that were tried', () => {
    const endpoints = ['a', 'b'].map((id) => endpoint(id));
    expect(pickEndpoint(endpoints, counts({ b: 5 }), new Set(['a']))?.jobId).toBe('b');
    expect(pickEndpoint(endpoints, () => 0, new Set(['a', 'b']))).toBeNull();
  });

  test('property: nobody else is less loaded', () => {
    const rows = fc.uniqueArray(
      fc.record({
        id: fc.string({ minLength: 1, maxLength: 3 }),
        capacity: fc.integer({ min: 1, max: 64 }),
        running: fc.nat(100),
        excluded: fc.boolean(),
      }),
      { selector: (row) => row.id, maxLength: 8 },
    );
    fc.assert(
      fc.property(rows, fc.integer(), (all, turn) => {
        const running = counts(Object.fromEntries(all.map((row) => [row.id, row.running])));
        const exclude = new Set(all.filter((row) => row.excluded).map((row) => row.id));
        const endpoints = all.map((row) => endpoint(row.id, row.capacity));
        const pick = pickEndpoint(endpoints, running, exclude, turn);
        const free = all.filter((row) => !row.excluded);
        if (free.length === 0) return pick === null;
        const share = (row: { running: number; capacity: number }) => row.running / row.capacity;
        const best = Math.min(...free.map(share));
        const picked = free.find((row) => row.id === pick?.jobId);
        return picked !== undefined && share(picked) === best;
      }),
    );
  });
});
