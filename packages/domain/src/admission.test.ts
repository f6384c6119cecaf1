import { expect, test } from '@jest/globals';
import { admitHold } from './index.ts';

const limits = { perModel: 2, perProcess: 3 };

test.each([
  [{ model: 0, process: 0 }, null],
  [{ model: 1, process: 2 }, null],
  [{ model: 2, process: 2 }, 'model_full'],
  [{ model: 1, process: 3 }, 'process_full'],
  [{ model: 2, process: 3 }, 'model_full'],
] as const)('with %j waiting: %s', (counts, expected) => {
  expect(admitHold(limits, counts)).toBe(expected);
});
