import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { reconnectDelay } from './failures.ts';

describe('waiting before the next login', () => {
  test('grows, and stays within bounds', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (failures, random) => {
          const lost = reconnectDelay(failures, 'unreachable', random);
          expect(lost).toBeGreaterThanOrEqual(187);
          expect(lost).toBeLessThanOrEqual(6_250);
          // A login that is refused is tried rarely: sites lock out those who knock too often.
          const refused = reconnectDelay(failures, 'misconfigured', random);
          expect(refused).toBeGreaterThanOrEqual(7500);
          expect(refused).toBeLessThanOrEqual(375_000);
          expect(reconnectDelay(failures + 1, 'unreachable', random)).toBeGreaterThanOrEqual(lost);
        },
      ),
    );
  });
});
