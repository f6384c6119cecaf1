import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { attraction, hashText } from '../../index.ts';

const names = (count: number) => Array.from({ length: count }, (_, index) => `job-${index}`);
function winner(key: number, all: readonly string[], heavy = ''): string {
  const drawn = all.map((name) => attraction(key, name, name === heavy ? 2 : 1));
  return all[drawn.indexOf(Math.max(...drawn))] ?? '';
}
/** Keys as they come: hashes. */
const keys = Array.from({ length: 4000 }, (_, index) => hashText(`session ${index}`));

describe('hashText', () => {
  test.each<[string, number]>([
    ['', 0x811c9dc5],
    ['a', 0xe40c292c],
    ['foobar', 0xbf9cf968],
  ])('of %j is the known FNV-1a', (text, expected) => {
    expect(hashText(text) >>> 0).toBe(expected);
  });
});

describe('attraction', () => {
  test('property: lies between 0 and 1, and is the same for the same key', () => {
    fc.assert(
      fc.property(fc.integer(), fc.string(), fc.constantFrom(0.01, 1, 100), (key, name, weight) => {
        const drawn = attraction(key, name, weight);
        return drawn > 0 && drawn < 1 && drawn === attraction(key, name, weight);
      }),
    );
  });

  test.each([2, 3, 8, 32])('gives each of %d names its part of the keys', (count) => {
    const all = names(count);
    const wins = new Map<string, number>();
    for (const key of keys) {
      const name = winner(key, all);
      wins.set(name, (wins.get(name) ?? 0) + 1);
    }
    const mean = keys.length / count;
    // Five standard deviations.
    for (const name of all)
      expect(Math.abs((wins.get(name) ?? 0) - mean)).toBeLessThan(5 * Math.sqrt(mean));
  });

  test('gives a name of twice the weight twice the keys', () => {
    const all = names(4);
    const heavy = keys.filter((key) => winner(key, all, 'job-2') === 'job-2');
    expect(heavy.length / keys.length).toBeCloseTo(2 / 5, 1.7);
  });

  test('property: who goes leaves its own keys alone, who comes takes no more than its part', () => {
    const sizes = fc.integer({ min: 2, max: 20 });
    fc.assert(
      fc.property(sizes, fc.nat(), fc.string(), (count, which, prefix) => {
        const all = names(count).map((name) => `${prefix}${name}`);
        const gone = all[which % count] ?? '';
        const left = all.filter((name) => name !== gone);
        const some = keys.slice(0, 1000);
        const moved = some.filter((key) => winner(key, all) !== winner(key, left));
        const mean = some.length / count;
        expect(moved.every((key) => winner(key, all) === gone)).toBe(true);
        expect(moved.length).toBeLessThan(mean + 6 * Math.sqrt(mean));
      }),
      { numRuns: 20 },
    );
  });
});
