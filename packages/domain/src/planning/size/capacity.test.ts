import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type EngineMetrics, learnCapacity } from '../../index.ts';

const figures = (
  runningRequests: number | null,
  waitingRequests: number | null,
): EngineMetrics => ({ gpuUtilization: null, runningRequests, waitingRequests });

describe('learnCapacity', () => {
  test.each<[string, number | null, EngineMetrics | null, EngineMetrics, number | null]>([
    ['requests wait in two looks: what runs is all', null, figures(8, 3), figures(8, 9), 8],
    ['the higher of the two', null, figures(8, 3), figures(5, 9), 8],
    ['one look is a burst', null, null, figures(8, 3), null],
    ['one look after a calm one is a burst', null, figures(2, 0), figures(8, 3), null],
    ['the queue is gone', null, figures(8, 3), figures(8, 0), null],
    ['nothing runs: it is paused, not full', null, figures(0, 3), figures(0, 3), null],
    ['the engine tells nothing', null, figures(null, null), figures(null, null), null],
    ['known already', 8, figures(8, 3), figures(8, 9), null],
    ['about what is known', 16, figures(12, 3), figures(13, 9), null],
    ['long prompts fill its memory: it takes fewer', 64, figures(10, 3), figures(11, 9), 11],
    ['more ran at once than it was known for', 8, null, figures(20, 0), 20],
    ['hardly more', 8, null, figures(10, 0), null],
    ['a small one', 1, null, figures(2, 0), 2],
    ['an unknown one that is not full teaches nothing', null, null, figures(20, 0), null],
  ])('%s', (_name, known, before, now, expected) => {
    expect(learnCapacity(known, before, now)).toBe(expected);
  });

  test('an engine of any limit and any load: learned to a quarter once it is full, and then at rest', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 500 }),
        fc.option(fc.integer({ min: 1, max: 500 })),
        fc.array(fc.integer({ min: 0, max: 1_000 }), { maxLength: 20 }),
        (limit, configured, loads) => {
          let known = configured;
          let before: EngineMetrics | null = null;
          const look = (load: number) => {
            const now = figures(Math.min(load, limit), Math.max(0, load - limit));
            const learned = learnCapacity(known, before, now);
            known = learned ?? known;
            before = now;
            return learned;
          };
          for (const load of loads) look(load);
          look(limit + 1);
          look(limit + 1);
          expect(Math.abs((known ?? 0) - limit)).toBeLessThanOrEqual(
            Math.max(limit, known ?? 0) / 4,
          );
          expect([look(limit + 5), look(limit), look(limit + 1)]).toEqual([null, null, null]);
        },
      ),
    );
  });
});
