import { describe, expect, it } from '@jest/globals';
import { expectedWords, secondsUntil } from './expectation.ts';

const now = 1_700_000_000_000;
const inSeconds = (from: number, to: number) => ({
  from: now + from * 1000,
  to: now + to * 1000,
});

describe('what is expected of a model that wakes', () => {
  it.each([
    [inSeconds(40, 120), 'in 40 s to 2 min', 120],
    [inSeconds(0.2, 1.2), 'in 1 s to 2 s', 2],
    [inSeconds(90, 91), 'in 90 s to 2 min', 91],
    [inSeconds(100, 110), 'in about 2 min', 110],
    [inSeconds(600, 5400), 'in 10 min to 90 min', 3600],
    [inSeconds(5401, 10_000), 'in 2 h to 3 h', 3600],
    [inSeconds(0, 30), 'within 30 s', 30],
    [inSeconds(-600, 0.001), 'within 1 s', 1],
  ])('%o is "%s"', (expected, words, seconds) => {
    expect(expectedWords(expected, now)).toBe(words);
    expect(secondsUntil(expected, now, 10)).toBe(seconds);
  });

  it.each([[null], [inSeconds(-20, 0)], [inSeconds(-20, -10)]])(
    'is not told when nobody knows, or it was wrong: %o',
    (expected) => {
      expect(expectedWords(expected, now)).toBeNull();
      expect(secondsUntil(expected, now, 10)).toBe(10);
    },
  );
});
