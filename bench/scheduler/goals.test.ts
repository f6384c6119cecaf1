import { describe, expect, test } from '@jest/globals';
import { judge } from './goals.ts';
import type { SizeReport } from './measure.ts';

/** A report in which every cycle is as given. */
const size = (models: number, cycles: readonly number[], over: Partial<SizeReport> = {}) =>
  ({
    models,
    cycles: cycles.map((ms) => ({ ms, cpuMs: ms / 5, statements: 7 })),
    residentBytes: 100 << 20,
    ...over,
  }) as SizeReport;
const few = size(100, [10, 12, 11]);

describe('goals of the scheduler', () => {
  test.each([
    ['all in time', [500, 700, 999], true],
    ['one that is not', [500, 600, 1_000], false],
  ])('a cycle at 10,000 models: %s', (_, cycles, met) => {
    const [goal] = judge([few, size(10_000, cycles)]);
    expect(goal).toMatchObject({ goal: 'each cycle at 10,000 models: < 1,000 ms', met });
    expect(goal?.measured).toMatch(`the longest ${cycles.at(-1)} ms`);
  });

  test.each([
    ['linear', 1_100, true],
    ['worse', 1_101, false],
  ])('growth of a cycle: %s', (_, ms, met) => {
    const goals = judge([size(10_000, [ms]), few]);
    expect(goals.find(({ goal }) => goal.startsWith('cycle, median, 100 →'))?.met).toBe(met);
  });

  test('growth is judged of time, CPU, statements and memory', () => {
    const many = size(10_000, [400], { residentBytes: 101 * (100 << 20) });
    const met = judge([few, many]).map((goal) => goal.met);
    expect(met).toEqual([true, true, true, true, false]);
  });

  test('what was not measured is not judged', () => {
    expect(judge([size(20, [5]), size(40, [6])])).toEqual([]);
    expect(judge([])).toEqual([]);
  });
});
