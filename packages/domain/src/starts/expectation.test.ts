import { describe, expect, test } from '@jest/globals';
import { job, minute, model, observed, second, t0, unreachable } from '../../test/builders.ts';
import { defaultPolicy, type Job, type Observed, reconcile } from '../index.ts';
import { settle } from './expectation.ts';

const now = t0 + minute;
const history = {
  c1: {
    waits: Array.from({ length: 10 }, () => 5 * minute),
    waitingSince: [],
    abandoned: [],
    trial: null,
  },
};
/** Ended well, after loading for this long. */
const loaded = (seq: number, took: number) =>
  job('ended', { seq, outcome: 'as_asked', startedAt: t0, readyAt: t0 + took, endedAt: t0 + took });
const past = Array.from({ length: 10 }, (_, index) => loaded(index + 11, 2 * minute));
const plan = (jobs: readonly Job[], over: Partial<Observed> = {}, desired = model()) =>
  reconcile(desired, observed([...past, ...jobs], { history, ...over }), defaultPolicy, now);
const queued = job('queued', { submittedAt: t0, seq: 30 });

describe('the start of a waiting job', () => {
  const expectedStart = { from: t0 + 5 * minute, to: t0 + 5 * minute, source: 'history' } as const;

  test('is told when it is known', () => {
    expect(plan([queued]).expectedStarts).toEqual([{ jobId: queued.id, expectedStart }]);
    expect(plan([queued], { history: {} }).expectedStarts).toEqual([]);
    expect(plan([job('starting')]).expectedStarts).toEqual([]);
  });

  test('is told again when it has moved or somebody else says it, not for a little', () => {
    const told = (over: object) =>
      plan([{ ...queued, expectedStart: { ...expectedStart, ...over } }]).expectedStarts.length;
    expect(told({})).toBe(0);
    expect(told({ from: t0 + 5 * minute - 20 * second })).toBe(0);
    expect(told({ from: t0 + 5 * minute - 30 * second })).toBe(1);
    expect(told({ to: t0 + 6 * minute })).toBe(1);
    expect(told({ source: 'trial' })).toBe(1);
  });

  test('is not told of a job that could not be submitted', () => {
    const unsent = job('intended', { seq: 30 });
    expect(plan([unsent]).expectedStarts).toHaveLength(1);
    expect(plan([unsent], { clusters: unreachable }).expectedStarts).toEqual([]);
  });
});

describe('when a model is expected to serve', () => {
  test('one whose ready job is out of reach: by the one that takes its place', () => {
    const silent = {
      reachable: false,
      observedAt: t0 - 9 * minute,
      error: 'no answer',
      silence: { since: t0 - 9 * minute, looks: 5 },
    };
    const here = { reachable: true, observedAt: now, error: null, silence: null };
    const clusters = { c1: silent, c2: here };
    const away = job('ready', { seq: 30 });
    const heir = job('queued', { seq: 31, cluster: 'c2', submittedAt: t0 });
    const known = { history: { c2: history.c1 }, clusters, answering: [] };
    const desired = model({}, { otherClusters: ['c2'] });
    expect(plan([away, heir], known, desired)).toMatchObject({
      state: 'queued',
      expectedReady: { from: t0 + 7 * minute, to: t0 + 7 * minute },
    });
    expect(
      plan([away, heir], { ...known, answering: [away.id] }, desired).expectedReady,
    ).toBeNull();
  });

  test.each<[string, readonly Job[], unknown]>([
    ['its job waits', [queued], { from: t0 + 7 * minute, to: t0 + 7 * minute }],
    [
      'its job loads',
      [job('starting', { seq: 30 })],
      { from: t0 + 2 * minute, to: t0 + 2 * minute },
    ],
    [
      'the first of several',
      [queued, job('starting', { seq: 31 })],
      { from: t0 + 2 * minute, to: t0 + 2 * minute },
    ],
    ['a job is started now', [], { from: now + 7 * minute, to: now + 7 * minute }],
    ['it serves', [queued, job('ready', { seq: 29 })], null],
  ])('%s', (_name, jobs, expected) => {
    const seen = plan(jobs).expectedReady;
    expect(seen).toEqual(expected);
  });

  test('nobody knows, where it never loaded, and of a model that is not wanted up', () => {
    const fresh = reconcile(model(), observed([queued], { history }), defaultPolicy, now);
    expect(fresh.expectedReady).toBeNull();
    expect(plan([queued], {}, model({ idle: true })).expectedReady).toBeNull();
  });
});

describe('what was told', () => {
  const told = { from: now + minute, to: now + 10 * minute };

  test('stands while nothing worth telling has changed', () => {
    expect(settle(told, { from: now + 55 * second, to: now + 10 * minute }, now)).toBe(told);
    // Any moment now is the same moment, however long ago it was meant to be.
    const late = { from: now - minute, to: now + minute };
    expect(settle(late, { from: now, to: now + minute }, now)).toBe(late);
  });

  test('gives way otherwise', () => {
    const moved = { from: now + minute, to: now + 12 * minute };
    expect(settle(told, moved, now)).toBe(moved);
    expect(settle(null, told, now)).toBe(told);
    expect(settle(told, null, now)).toBeNull();
  });
});
