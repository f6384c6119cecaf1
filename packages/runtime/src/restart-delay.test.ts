import { expect, test } from '@jest/globals';
import { deathsInARow, restartDelayMs } from './restart-delay.ts';

test('what dies again and again waits longer each time, to a bound', () => {
  expect([1, 2, 3, 6, 7, 40].map(restartDelayMs)).toEqual([250, 500, 1000, 8000, 10_000, 10_000]);
});

test('the death of what was healthy is a first one', () => {
  expect([0, 1, 5].map((before) => deathsInARow(before, 20_000))).toEqual([1, 2, 6]);
  expect([0, 1, 5].map((before) => deathsInARow(before, 20_001))).toEqual([1, 1, 1]);
});
