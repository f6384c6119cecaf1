import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { admitWait, hasShare } from '../index.ts';

const limits = { perModel: { model: 2, place: 20 }, perProcess: 3 };

test.each([
  [{ model: 0, project: 0, process: 0 }, null],
  [{ model: 1, project: 2, process: 2 }, null],
  [{ model: 2, project: 2, process: 2 }, 'model_full'],
  [{ model: 1, project: 1, process: 3 }, 'process_full'],
  [{ model: 2, project: 2, process: 3 }, 'model_full'],
] as const)('with %j waiting: %s', (counts, expected) => {
  expect(admitWait(limits, 'model', { principal: 0, ...counts })).toBe(expected);
});

test.each([
  [79, 79, null],
  [80, 80, 'project_full'],
  [43, 89, null],
  [44, 89, 'project_full'],
  [0, 99, null],
] as const)('a project with %i of %i in a room for 100: %s', (project, process, expected) => {
  const counts = { principal: 0, model: 0, project, process };
  const wide = { perModel: { model: 1000, place: 1000 }, perProcess: 100 };
  expect(admitWait(wide, 'model', counts)).toBe(expected);
});

test.each([
  [15, 15, null],
  [16, 16, 'principal_full'],
  [0, 19, null],
  [0, 20, 'model_full'],
  [3, 20, 'principal_full'],
] as const)(
  'a principal with %i of %i that wait for 20 places: %s',
  (principal, model, expected) => {
    const counts = { principal, model, project: model, process: model };
    expect(admitWait({ ...limits, perProcess: 1000 }, 'place', counts)).toBe(expected);
  },
);

test('however greedy others are, one that has nothing finds room', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 50, max: 500 }), (many, room) => {
      const taken = Array.from({ length: many }, () => 0);
      const free = () => room - taken.reduce((sum, one) => sum + one, 0);
      for (let round = 0; round < room; round += 1) {
        const one = round % many;
        if (free() > 0 && hasShare(taken[one] ?? 0, free())) taken[one] = (taken[one] ?? 0) + 1;
      }
      expect(free()).toBeGreaterThan(0);
      expect(hasShare(0, free())).toBe(true);
    }),
  );
});
