import { describe, expect, test } from '@jest/globals';
import { job, minute, second, t0 } from '../../test/builders.ts';
import {
  cancelled,
  now,
  plan,
  several,
  silentFor,
  started,
  up,
  usual,
} from '../../test/several-clusters.ts';
import type { Job, Observed } from '../index.ts';

describe('a race', () => {
  const late = (over: Partial<Job> = {}) => job('queued', { submittedAt: t0, ...over });
  const early = (over: Partial<Job> = {}) => job('queued', { submittedAt: now, ...over });

  test.each<[string, Job, Partial<Observed>, string[]]>([
    ['not at once', early(), {}, []],
    ['after a while of which nothing is known', late(), {}, ['c2']],
    ['not where it is expected soon', late({ forecastAt: now + minute }), {}, []],
    ['where it is expected late', late({ forecastAt: now + 9 * minute }), {}, ['c2']],
    [
      'not where it would start later still',
      late({ forecastAt: now + 9 * minute }),
      { history: { c2: usual(30 * minute), c3: usual(30 * minute) } },
      [],
    ],
    ['on one that answers', late(), { clusters: { c1: up, c2: silentFor(1), c3: up } }, ['c3']],
  ])('%s', (_name, waiting, over, expected) => {
    expect(started(plan([waiting], over))).toEqual(expected);
  });

  test('has two; the rival takes the same place, and a job that waits keeps the model from a third', () => {
    const successor = late({ seq: 2, successorOf: 'j1' });
    const due = job('ready', { endsAt: now + minute });
    expect(plan([due, successor]).actions).toEqual([
      { kind: 'intend', seq: 3, cluster: 'c2', successorOf: 'j1', rivalOf: 'j2' },
    ]);
    const rival = early({ seq: 3, cluster: 'c2', successorOf: 'j1', rivalOf: 'j2' });
    const racing = [due, successor, rival];
    expect(plan(racing).actions).toEqual([]);
  });

  test('ends when one of the two runs: the one that waits is cancelled before it loads', () => {
    const runs = job('starting', { seq: 2, cluster: 'c2', rivalOf: 'j1' });
    expect(cancelled(plan([late(), runs]))).toEqual(['j1']);
    expect(
      cancelled(plan([job('starting'), early({ seq: 2, cluster: 'c2', rivalOf: 'j1' })])),
    ).toEqual(['j2']);
  });

  test('if both run, the one that began first stays', () => {
    const one = job('starting', { startedAt: now - second });
    const other = job('starting', {
      seq: 2,
      cluster: 'c2',
      rivalOf: 'j1',
      startedAt: now - 2 * second,
    });
    expect(cancelled(plan([one, other]))).toEqual(['j1']);
  });

  const rivals = [late(), early({ seq: 2, cluster: 'c2', rivalOf: 'j1' })];

  test('takes one place: another job that is due has its successor, one that is missing is started', () => {
    const due = job('ready', { seq: 3, cluster: 'c3', endsAt: now + minute });
    const two = several({ replicas: 2 });
    expect(plan([...rivals, due], {}, two).actions).toEqual([
      { kind: 'intend', seq: 4, cluster: 'c1', successorOf: 'j3', rivalOf: null },
    ]);
    expect(started(plan(rivals, {}, two))).toEqual(['c1']);
  });

  test('is no two jobs that each wait for a place: one of them goes with its place', () => {
    const both = [early(), early({ seq: 2, cluster: 'c2' })];
    expect(plan(both, {}, several({ replicas: 2 })).actions).toEqual([]);
    expect(cancelled(plan(both))).toEqual(['j2']);
    expect(cancelled(plan(rivals))).toEqual([]);
  });

  test('is not begun while a silent cluster keeps one that is too many', () => {
    const silent = { clusters: { c1: silentFor(1), c2: up, c3: up } };
    expect(started(plan([late(), late({ seq: 2 })], silent))).toEqual([]);
    expect(started(plan([late()], silent))).toEqual(['c2']);
  });

  test('costs the loser, not another that waits', () => {
    const runs = job('starting', { seq: 2, cluster: 'c2', rivalOf: 'j1' });
    const newer = early({ seq: 3, cluster: 'c2' });
    expect(cancelled(plan([late(), runs, newer], {}, several({ replicas: 2 })))).toEqual(['j1']);
  });

  test('is not run on a cluster where the model failed, nor for one that is put to sleep', () => {
    const refused = job('ended', { seq: 2, cluster: 'c2', outcome: 'refused', endedAt: t0 });
    expect(started(plan([late(), refused]))).toEqual(['c3']);
    const racing = [late(), early({ seq: 2, cluster: 'c2', rivalOf: 'j1' })];
    expect(cancelled(plan(racing, {}, several({ idle: true })))).toEqual(['j2', 'j1']);
  });
});
