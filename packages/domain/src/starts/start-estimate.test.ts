import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { anyHistory, now } from '../../test/arbitraries.ts';
import { hour, job, minute, second } from '../../test/builders.ts';
import type { StartHistory } from '../index.ts';
import { estimateStart, expectedWait, loadTimes } from './start-estimate.ts';

const history = (over: Partial<StartHistory> = {}): StartHistory => ({
  waits: [],
  waitingSince: [],
  abandoned: [],
  trial: null,
  ...over,
});
const waiting = (forecastAt: number | null = null, submittedAt = now - minute) => ({
  submittedAt,
  forecastAt,
});
const waits = [10, 20, 30, 40, 50, 60, 70, 80, 90, 100].map((minutes) => minutes * minute);
const trial = { askedAt: now - minute, startsAt: now + 2 * hour };

describe('the start of a waiting job', () => {
  test.each<[string, ReturnType<typeof waiting> | null, StartHistory | null, unknown]>([
    ['nobody knows', waiting(), history(), null],
    ['no history was read', waiting(), null, null],
    [
      'the plan of the cluster for this very job comes first',
      waiting(now + 10 * hour),
      history({ waits, trial }),
      { from: now + 10 * hour, to: now + 11 * hour, source: 'cluster' },
    ],
    [
      'plans are made in steps',
      waiting(now + second),
      history(),
      { from: now + second, to: now + 31 * second, source: 'cluster' },
    ],
    [
      'a plan that did not come true is none',
      waiting(now - second),
      history({ waits }),
      { from: now + 49 * minute, to: now + 89 * minute, source: 'history' },
    ],
    [
      'of a job that would be submitted now',
      null,
      history({ waits }),
      { from: now + 50 * minute, to: now + 90 * minute, source: 'history' },
    ],
    [
      'one that waits longer than any before',
      waiting(null, now - 3 * hour),
      history({ waits }),
      { from: now, to: now + 3 * hour, source: 'history' },
    ],
    [
      'what the cluster said of such a job comes last',
      waiting(),
      history({ trial }),
      { from: now + 2 * hour, to: now + 2.5 * hour, source: 'trial' },
    ],
    [
      'and is not believed for ever',
      waiting(),
      history({ trial: { askedAt: now - hour, startsAt: now - minute } }),
      { from: now, to: now + 30 * second, source: 'trial' },
    ],
  ])('%s', (_name, seen, known, estimate) => {
    expect(estimateStart(seen, known, now)).toEqual(estimate);
  });

  test('is never in the past, and never ends before it begins', () => {
    const anyWaiting = fc.record({
      submittedAt: fc.option(fc.integer({ min: now - 10 * hour, max: now + minute })),
      forecastAt: fc.option(fc.integer({ min: now - hour, max: now + 10 * hour })),
    });
    fc.assert(
      fc.property(anyWaiting, anyHistory, (seen, known) => {
        const estimate = estimateStart(seen, known, now);
        if (estimate === null) return;
        expect(estimate.from).toBeGreaterThanOrEqual(now);
        expect(estimate.to).toBeGreaterThanOrEqual(estimate.from);
        expect(Number.isFinite(estimate.to)).toBe(true);
      }),
    );
  });
});

describe('the wait of the next job', () => {
  test.each<[string, StartHistory | null, ReturnType<typeof expectedWait>]>([
    ['nothing was read', null, null],
    ['nothing is known', history(), null],
    ['by others', history({ waits }), { typical: 50 * minute, high: 90 * minute, isSure: true }],
    [
      'by those that wait now, too',
      history({ waits, waitingSince: [now - 5 * hour, now - 6 * hour] }),
      { typical: 60 * minute, high: 200 * minute, isSure: true },
    ],
    [
      'by what the cluster said',
      history({ trial: { askedAt: now, startsAt: now + hour } }),
      { typical: hour, high: 1.25 * hour, isSure: false },
    ],
    [
      'by the longer of both while few are known',
      history({ waits: [2 * hour], trial: { askedAt: now, startsAt: now + hour } }),
      { typical: 2 * hour, high: 4 * hour, isSure: false },
    ],
    [
      'by others alone when enough are known',
      history({ waits, trial: { askedAt: now, startsAt: now + 9 * hour } }),
      { typical: 50 * minute, high: 90 * minute, isSure: true },
    ],
  ])('%s', (_name, known, spread) => {
    expect(expectedWait(known, now)).toEqual(spread);
  });
});

describe('load times', () => {
  const load = (seq: number, revision: number, took: number) =>
    job('ready', { seq, revision, startedAt: now, readyAt: now + took });

  test('of this revision, where there are any', () => {
    const jobs = [load(1, 1, minute), load(2, 2, 2 * minute), job('starting', { seq: 3 })];
    expect(loadTimes(jobs, 2)).toEqual([2 * minute]);
    expect(loadTimes(jobs, 3)).toEqual([minute, 2 * minute]);
    expect(loadTimes([job('queued')], 1)).toEqual([]);
  });
});
