import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { place } from './dispatch.ts';
import type { LocalJob } from './records.ts';

function job(
  name: string,
  over: { gpus?: number; holds?: readonly number[]; ended?: boolean },
): LocalJob {
  return {
    name,
    spec: {
      clusterJobId: name,
      project: 'demo',
      walltimeMs: 1,
      gpuCount: over.gpus ?? 1,
      submittedAt: 0,
      environment: {},
      killWaitMs: 1,
    },
    start: over.holds === undefined ? null : { at: 0, gpus: over.holds },
    run: null,
    shell: null,
    end: over.ended === true ? { state: 'completed', reason: null, at: 1 } : null,
  };
}

const names = (placed: ReturnType<typeof place>) =>
  placed.map((entry) => [entry.job.name, entry.gpus]);

describe('who gets a place', () => {
  test('the oldest first, as many as there are slots', () => {
    const jobs = [job('a', { holds: [] }), job('b', {}), job('c', {}), job('d', {})];
    expect(names(place(jobs, { slots: 3, gpus: 0 }))).toEqual([
      ['b', []],
      ['c', []],
    ]);
  });

  test('jobs that are over give back slots and GPUs', () => {
    const jobs = [job('a', { holds: [0, 1], ended: true }), job('b', { gpus: 2 })];
    expect(names(place(jobs, { slots: 1, gpus: 2 }))).toEqual([['b', [0, 1]]]);
  });

  test('GPUs are its own, by index', () => {
    const jobs = [job('a', { holds: [1] }), job('b', { gpus: 2 }), job('c', {})];
    expect(names(place(jobs, { slots: 9, gpus: 4 }))).toEqual([
      ['b', [0, 2]],
      ['c', [3]],
    ]);
  });

  test('nobody overtakes a big job that waits', () => {
    const jobs = [job('a', { holds: [0] }), job('big', { gpus: 4 }), job('small', {})];
    expect(place(jobs, { slots: 9, gpus: 4 })).toEqual([]);
  });

  test('never more than there is, never a GPU twice', () => {
    const anyJob = fc.record({
      gpus: fc.integer({ min: 0, max: 4 }),
      ended: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(anyJob, { maxLength: 12 }),
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 0, max: 8 }),
        (shapes, slots, gpus) => {
          let jobs = shapes.map((shape, index) => job(`j${index}`, shape));
          // Round after round: what was placed holds its place.
          for (let round = 0; round < 3; round++) {
            const placed = new Map(
              place(jobs, { slots, gpus }).map((entry) => [entry.job.name, entry.gpus]),
            );
            jobs = jobs.map((one) => {
              const given = placed.get(one.name);
              return given === undefined ? one : { ...one, start: { at: 0, gpus: given } };
            });
            const holding = jobs.filter((one) => one.start !== null && one.end === null);
            const taken = holding.flatMap((one) => one.start?.gpus ?? []);
            expect(holding.length).toBeLessThanOrEqual(slots);
            expect(new Set(taken).size).toBe(taken.length);
            expect(taken.every((gpu) => gpu < gpus)).toBe(true);
          }
        },
      ),
    );
  });
});
