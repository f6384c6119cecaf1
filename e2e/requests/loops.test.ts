import { expect, test } from '@jest/globals';
import { pause } from '../wakefield.ts';
import { closedLoop, openLoop } from './loops.ts';

test('a closed loop has one request for each person under way, and waits for the last', async () => {
  let underWay = 0;
  let most = 0;
  let ended = 0;
  const ask = async () => {
    underWay += 1;
    most = Math.max(most, underWay);
    await pause(5);
    underWay -= 1;
    ended += 1;
  };
  const loop = closedLoop([ask, ask, ask]);
  await pause(60);
  await loop.stop();
  expect([underWay, most]).toEqual([0, 3]);
  expect(ended).toBeGreaterThan(3);
});

test('an open loop sends on while nothing is answered, none early, and tells how late', async () => {
  const answers = Promise.withResolvers<void>();
  const dues: number[] = [];
  const loop = openLoop(200, (_, dueAt) => {
    dues.push(dueAt);
    return answers.promise;
  });
  await pause(300);
  expect(dues.length).toBeGreaterThan(20);
  expect(loop.lateMs).toHaveLength(dues.length);
  expect(Math.min(...loop.lateMs)).toBeGreaterThanOrEqual(-1);
  const stopped = loop.stop();
  answers.resolve();
  await stopped;
  const steps = dues.slice(1).map((due, index) => due - (dues[index] ?? 0));
  expect(steps.every((step) => Math.abs(step - 5) < 0.01)).toBe(true);
});
