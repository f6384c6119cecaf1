import { expect, it } from '@jest/globals';
import { Patience } from './patience.ts';

it('waits longer after each failure, and not at all after a success', () => {
  let now = 0;
  const patience = new Patience([10, 100], () => now);
  expect([patience.isDue, patience.worked()]).toEqual([true, false]);
  const pauses = [10, 100, 100].map((pauseMs, index) => {
    expect(patience.failed()).toBe(index === 0);
    now += pauseMs - 1;
    const early = patience.isDue;
    now += 1;
    return [early, patience.isDue];
  });
  expect(pauses).toEqual(Array(3).fill([false, true]));
  expect([patience.worked(), patience.worked(), patience.failed()]).toEqual([true, false, true]);
  patience.hurry();
  expect(patience.isDue).toBe(true);
});
