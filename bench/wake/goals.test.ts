import { expect, test } from '@jest/globals';
import { judge } from './goals.ts';
import type { Wake } from './wake-once.ts';

const wake = (submitted: number, afterReady: number): Wake => ({
  ...{ submitted, engineReady: 2_000, routed: 2_100, answered: 2_000 + afterReady },
});
const wakes = (count: number, one: Wake) => Array.from({ length: count }, () => one);

test.each([
  ['both in time', wake(150, 300), [true, true]],
  ['submitted late', wake(151, 300), [false, true]],
  ['forwarded late', wake(150, 301), [true, false]],
])('goals of wakes: %s', (_, one, met) => {
  expect(judge(wakes(40, one)).map((goal) => goal.met)).toEqual(met);
});

test('one wake in twenty may be late', () => {
  const [late, fast] = [wake(900, 900), wake(80, 200)];
  expect(judge([...wakes(38, fast), late, late])).toEqual([
    { goal: 'request → sbatch accepted, p95: ≤ 150 ms', measured: '80 ms', met: true },
    { goal: 'engine ready → held request answered, p95: ≤ 300 ms', measured: '200 ms', met: true },
  ]);
  expect(judge([...wakes(37, fast), late, late, late]).map(({ met }) => met)).toEqual([
    false,
    false,
  ]);
});

test('of no wakes there is nothing to judge', () => expect(judge([])).toEqual([]));
