import { describe, expect, test } from '@jest/globals';
import { demand, job, minute, model, second, t0 } from '../../test/builders.ts';
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

describe('where a job is started', () => {
  test.each<[string, Partial<Observed>, string[]]>([
    ['nothing is known: by the order of preference', {}, ['c1']],
    ['the first is silent', { clusters: { c1: silentFor(1), c2: up, c3: up } }, ['c2']],
    ['all are silent', { clusters: { c1: silentFor(1), c2: silentFor(1), c3: silentFor(1) } }, []],
    [
      'another starts it earlier',
      { history: { c1: usual(20 * minute), c2: usual(10 * minute), c3: usual(minute) } },
      ['c3'],
    ],
    [
      'about the same: by the order of preference',
      { history: { c1: usual(80 * second), c2: usual(minute), c3: usual(minute) } },
      ['c1'],
    ],
    [
      'one of which nothing is known has its turn before a later one',
      { history: { c1: usual(20 * minute), c3: usual(minute) } },
      ['c2'],
    ],
    [
      'one of which nothing is known comes after an earlier one that is quick',
      { history: { c1: usual(second) } },
      ['c1'],
    ],
    [
      'the queue of the first stands still: those that wait in it tell so',
      {
        history: {
          c1: { ...usual(second), waitingSince: Array.from({ length: 9 }, () => t0) },
          c2: usual(minute),
          c3: usual(minute),
        },
      },
      ['c2'],
    ],
  ])('%s', (_name, over, expected) => {
    expect(started(plan([], over))).toEqual(expected);
  });

  const ended = (seq: number, over: Partial<Job>) =>
    job('ended', { seq, outcome: 'failed', reason: 'It broke.', endedAt: now - second, ...over });

  test('a cluster on which it failed goes last until its back-off is over', () => {
    const [first, second_] = [ended(1, {}), ended(2, { cluster: 'c2', outcome: 'no_room' })];
    expect(started(plan([first]))).toEqual(['c2']);
    expect(started(plan([first, second_]))).toEqual(['c3']);
    const all = plan([first, second_, ended(3, { cluster: 'c3', outcome: 'preempted' })]);
    expect(started(all)).toEqual([]);
    expect(all.because).toContain('failed lately: waits before the next try');
    expect(all.lookAgainAt).toBe(now + 4 * second);
    expect(started(plan([ended(1, { endedAt: now - minute })]))).toEqual(['c1']);
  });

  const failedOn = (cluster: string, from: number, times = 3) =>
    Array.from({ length: times }, (_, index) => {
      const endedAt = t0 + (from + index) * second * 20;
      return ended(from + index, { cluster, intendedAt: endedAt - second, endedAt });
    });

  test('failures count for each cluster: the next one is tried, and the model fails with the last', () => {
    const one = failedOn('c1', 1);
    expect(started(plan(one))).toEqual(['c2']);
    expect(plan(one)).toMatchObject({
      state: 'queued',
      reason: 'Failed 3 of 3 times on c1: It broke.',
    });
    const two = [...one, ...failedOn('c2', 4)];
    expect(started(plan(two))).toEqual(['c3']);
    const refused = ended(7, { cluster: 'c3', outcome: 'refused', reason: 'No.', endedAt: t0 });
    expect(plan([...two, refused])).toMatchObject({ state: 'failed', reason: 'No.', actions: [] });
  });

  test('three at once that one cluster refuses leave the others their turn', () => {
    const three = several({ replicas: 3 });
    const refused = [1, 2, 3].map((seq) =>
      ended(seq, { outcome: 'refused', intendedAt: now - 2, endedAt: now - 1 }),
    );
    expect(started(plan(refused, {}, three))).toEqual(['c2', 'c2', 'c2']);
  });

  test('one that is used up is not tried again at every handover, but before the model goes down', () => {
    const served = job('ready', { seq: 4, cluster: 'c2', endsAt: now + minute });
    const jobs = [...failedOn('c1', 1), served];
    expect(started(plan(jobs))).toEqual(['c2']);
    expect(plan(jobs).reason).toBeNull();
    const away = { clusters: { c1: up, c2: silentFor(1), c3: silentFor(1) }, answering: ['j4'] };
    expect(started(plan(jobs, away))).toEqual(['c1']);
    expect(started(plan(failedOn('c1', 1), away))).toEqual([]);
    const woken = several({ lastWakeupAt: now - minute });
    expect(started(plan(jobs, {}, woken))).toEqual(['c1']);
  });

  test('a job on a cluster that is not named any more is replaced: a ready one not before its successor is', () => {
    const ready = job('ready', { cluster: 'c9' });
    expect(plan([ready]).actions).toEqual([
      { kind: 'intend', seq: 2, cluster: 'c1', successorOf: 'j1', rivalOf: null },
    ]);
    expect(plan([ready, job('ready', { seq: 2 })]).actions).toMatchObject([
      { kind: 'drain', jobId: 'j1' },
    ]);
    expect(cancelled(plan([job('queued', { cluster: 'c9' })]))).toEqual(['j1']);
  });

  test('a successor is started in time for the cluster where it waits least', () => {
    const serves = job('ready', { endsAt: now + 25 * minute });
    const history = { c1: usual(25 * minute), c2: usual(minute) };
    expect(started(plan([serves], { history: { c1: history.c1 } }))).toEqual(['c1']);
    expect(started(plan([serves], { history }))).toEqual([]);
  });

  test('nor counts one that refused it, has no room or was full of late, however short its queue is', () => {
    const serves = job('ready', { seq: 2, cluster: 'c1', endsAt: now + 25 * minute });
    const history = { c1: usual(25 * minute), c2: usual(minute), c3: usual(30 * minute) };
    const of = (over: Partial<Job>) => ended(1, { cluster: 'c2', endedAt: t0, ...over });
    expect(started(plan([serves], { history }))).toEqual([]);
    expect(started(plan([of({ outcome: 'refused' }), serves], { history }))).toEqual(['c1']);
    expect(started(plan([of({ outcome: 'no_room' }), serves], { history }))).toEqual(['c2']);
    const room = { c2: { jobs: 0, reason: 'It is full.' } };
    expect(started(plan([serves], { history, room }))).toEqual(['c1']);
  });

  test('by the wait of the one that is preferred, where another is only a little earlier', () => {
    const serves = job('ready', { endsAt: now + 576 * second });
    const c2 = usual(300 * second);
    expect(started(plan([serves], { history: { c1: usual(320 * second), c2 } }))).toEqual(['c1']);
    expect(started(plan([serves], { history: { c1: usual(300 * second), c2 } }))).toEqual([]);
  });

  test('reasons tell of each cluster', () => {
    const queued = job('queued', { reason: 'Waiting.', cluster: 'c2', submittedAt: now });
    expect(plan([queued]).reason).toBe('On c2: Waiting.');
    const silent = { clusters: { c1: silentFor(1), c2: up, c3: up } };
    expect(plan([queued], silent).reason).toBe('The cluster c1 does not answer: no route.');
    expect(plan([job('ready', { cluster: 'c2' })], silent)).toMatchObject({ state: 'busy' });
  });
});

describe('a cluster that is silent', () => {
  const silent = (ms: number) => ({ clusters: { c1: silentFor(ms), c2: up, c3: up } });

  test.each<[string, Job, number, string[]]>([
    ['a waiting job has its time', job('queued', { submittedAt: now }), 59 * second, []],
    ['then another is started', job('queued', { submittedAt: now }), minute, ['c2']],
    ['for one that loads, too', job('starting'), minute, ['c2']],
    ['and for a ready one whose engine is silent as well', job('ready'), minute, ['c2']],
  ])('%s', (_name, one, ms, expected) => {
    const made = plan([one], silent(ms));
    expect(made.actions.map(({ kind }) => kind)).toEqual(expected.map(() => 'intend'));
    expect(started(made)).toEqual(expected);
  });

  test('time in which nobody looked does not count, nor does a single look that failed', () => {
    const jobs = [job('queued', { submittedAt: now })];
    const standing = (of: Observed['clusters'][string]) => ({
      clusters: { c1: of, c2: up, c3: up },
    });
    expect(plan(jobs, standing(silentFor(second, 2, 9 * minute))).actions).toEqual([]);
    expect(plan(jobs, standing(silentFor(9 * minute, 1))).actions).toEqual([]);
    expect(started(plan(jobs, standing(silentFor(minute, 2, 9 * minute))))).toEqual(['c2']);
  });

  test('a ready job whose engine answers is not replaced; nor where nobody knows', () => {
    expect(plan([job('ready')], { ...silent(9 * minute), answering: ['j1'] }).actions).toEqual([]);
    expect(plan([job('ready')], { ...silent(9 * minute), answering: null }).actions).toEqual([]);
  });

  test('is looked at again when its time is up', () => {
    const made = plan([job('queued', { submittedAt: now })], silent(55 * second));
    expect(made.lookAgainAt).toBe(now + 5 * second);
  });

  test('nothing changes for a model that names no other, nor when the others are silent, too', () => {
    expect(plan([job('ready')], silent(9 * minute), model()).actions).toEqual([]);
    const all = { c1: silentFor(minute), c2: silentFor(minute), c3: silentFor(minute) };
    expect(plan([job('starting')], { clusters: all }).actions).toEqual([]);
  });

  test('back again, the surplus goes: who waits first, then the idlest', () => {
    const [old, replacement] = [
      job('queued', { submittedAt: now }),
      job('ready', { seq: 2, cluster: 'c2' }),
    ];
    expect(cancelled(plan([old, replacement]))).toEqual(['j1']);
    const both = [job('ready'), replacement];
    const load = demand({ running: 3, runningByJob: { j1: 2, j2: 1 } });
    expect(plan(both, { demand: load }).actions).toMatchObject([{ kind: 'drain', jobId: 'j2' }]);
  });
});
