import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { job, second, t0 } from '../../../test/builders.ts';
import { type EngineMetrics, type FullSpell, knownCapacity, learnCapacity } from '../../index.ts';

const figures = (
  runningRequests: number | null,
  waitingRequests: number | null,
): EngineMetrics => ({ gpuUtilization: null, runningRequests, waitingRequests });
const assumed = 16;

/** Looks at an engine every few seconds, as an observer does. */
function watch(configured: number | null, everyMs = 2 * second) {
  let known = configured;
  let full: FullSpell | null = null;
  let at = t0;
  return {
    get known() {
      return known;
    },
    look: (running: number | null, waiting: number | null): number | null => {
      at += everyMs;
      const lesson = learnCapacity(known, assumed, full, figures(running, waiting), at);
      full = lesson.full;
      known = lesson.capacity ?? known;
      return lesson.capacity;
    },
  };
}

describe('what an engine takes at once', () => {
  test.each<[string, number | null, [number | null, number | null][], number | null]>([
    ['requests wait for long: what runs is all', null, Array(9).fill([12, 3]), 12],
    ['the most that ran meanwhile', null, [...Array(8).fill([9, 3]), [12, 1]], 12],
    [
      'a queue that was gone once in between',
      null,
      [...Array(6).fill([8, 3]), [8, 0], [8, 2]],
      null,
    ],
    ['nothing runs: it is paused, not full', null, Array(20).fill([0, 3]), null],
    ['the engine tells nothing', null, Array(20).fill([null, null]), null],
    ['known already', 8, Array(20).fill([8, 9]), 8],
    ['about what is known', 16, Array(20).fill([14, 9]), 16],
    ['more ran at once than it was known for', 8, [[20, 0]], 20],
    ['hardly more', 8, [[9, 0]], 8],
    ['a small one', 1, [[2, 0]], 2],
    ['more than is assumed of one of which nothing is known', null, [[200, 0]], 200],
    ['about what is assumed', null, [[17, 0]], null],
  ])('%s', (_name, configured, looks, expected) => {
    const engine = watch(configured);
    for (const [running, waiting] of looks) engine.look(running, waiting);
    expect(engine.known).toBe(expected);
  });

  test('long prompts fill its memory: it takes fewer, and by half at most at a time', () => {
    const engine = watch(64);
    const learned = Array.from({ length: 40 }, () => engine.look(10, 5)).filter(
      (told) => told !== null,
    );
    expect(learned).toEqual([32, 16, 10]);
  });

  test('one long prompt that holds up all others for some seconds teaches nothing', () => {
    const engine = watch(64);
    for (let round = 0; round < 50; round += 1) {
      for (let count = 0; count < 6; count += 1) expect(engine.look(1, 30)).toBeNull();
      expect(engine.look(31, 0)).toBeNull();
    }
  });

  test('few looks far apart are not enough', () => {
    const engine = watch(64, 20 * second);
    expect([engine.look(1, 30), engine.look(1, 30)]).toEqual([null, null]);
    expect(engine.look(1, 30)).toBe(32);
  });

  test('of any limit and any load: learned to a sixth once it is full, and then at rest', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 500 }),
        fc.option(fc.integer({ min: 1, max: 500 })),
        fc.array(fc.integer({ min: 0, max: 1_000 }), { maxLength: 20 }),
        (limit, configured, loads) => {
          const engine = watch(configured);
          const look = (load: number) =>
            engine.look(Math.min(load, limit), Math.max(0, load - limit));
          for (const load of loads) look(load);
          for (let count = 0; count < 100; count += 1) look(limit + 1);
          const known = engine.known ?? assumed;
          expect(Math.abs(known - limit)).toBeLessThanOrEqual(0.15 * Math.max(limit, known));
          for (let count = 0; count < 40; count += 1) expect(look(limit + (count % 2))).toBeNull();
        },
      ),
    );
  });
});

describe('what a job is believed to take', () => {
  test.each<[string, Parameters<typeof job>[], number | null]>([
    ['nothing is known', [['ready', {}]], null],
    ['by the one that is there', [['ready', { capacity: 8 }]], 8],
    [
      'by the one in the middle',
      [
        ['ready', { capacity: 8 }],
        ['queued', { seq: 2, capacity: 64 }],
        ['ready', { seq: 3, capacity: 12 }],
      ],
      12,
    ],
    [
      'by the lower one of two',
      [
        ['ready', { capacity: 8 }],
        ['queued', { seq: 2, capacity: 64 }],
      ],
      8,
    ],
    [
      'by those that are there rather than by those that were',
      [
        ['ended', { capacity: 8 }],
        ['ended', { seq: 2, capacity: 9 }],
        ['ready', { seq: 3, capacity: 64 }],
      ],
      64,
    ],
    [
      'by the last one where none is there',
      [
        ['ended', { seq: 2, capacity: 8 }],
        ['ended', { seq: 1, capacity: 64 }],
      ],
      8,
    ],
    ['not by an older version of the model', [['ready', { capacity: 8, revision: 0 }]], null],
  ])('%s', (_name, jobs, expected) => {
    expect(
      knownCapacity(
        jobs.map((one) => job(...one)),
        1,
      ),
    ).toBe(expected);
  });
});
