import { describe, expect, test } from '@jest/globals';
import {
  hour,
  job,
  minute,
  model,
  observed,
  second,
  t0,
  unreachable,
} from '../../test/builders.ts';
import { ended, endOf, later, plan, starts, used } from '../../test/failures.ts';
import { defaultPolicy, type Job, type JobOutcome, type Plan, reconcile } from '../index.ts';

const [first = 0, next = 0] = defaultPolicy.backoffMs;

describe('back-off', () => {
  test('after the first failure', () => {
    const at = endOf(1) + first;
    const waiting = plan([ended(1, 'failed')], at - 1);
    expect(starts(waiting)).toBe(false);
    expect(waiting).toMatchObject({
      state: 'queued',
      reason: 'Failed 1 of 3 times: reason 1',
      lookAgainAt: at,
    });
    expect(starts(plan([ended(1, 'failed')], at))).toBe(true);
  });

  test('longer after the second', () => {
    const jobs = [ended(1, 'failed'), ended(2, 'lost')];
    expect(starts(plan(jobs, endOf(2) + next - 1))).toBe(false);
    expect(starts(plan(jobs, endOf(2) + next))).toBe(true);
  });

  test('the last wait repeats where more failures are allowed than waits are given', () => {
    const policy = { ...defaultPolicy, maxFailures: 9, backoffMs: [minute] };
    const jobs = [1, 2, 3, 4].map((seq) => ended(seq, 'failed'));
    const at = endOf(4) + minute;
    expect(starts(reconcile(model(), observed(jobs), policy, at - 1))).toBe(false);
    expect(starts(reconcile(model(), observed(jobs), policy, at))).toBe(true);
  });

  test('no back-off at all is possible', () => {
    const policy = { ...defaultPolicy, backoffMs: [] };
    expect(starts(reconcile(model(), observed([ended(1, 'lost')]), policy, endOf(1)))).toBe(true);
  });
});

describe('what is told of a failure', () => {
  const failed = ended(1, 'cancelled', { readyAt: t0 });
  const at = endOf(1) + minute;
  const next = (phase: 'queued' | 'starting' | 'ready', over: Partial<Job> = {}) =>
    job(phase, { seq: 2, intendedAt: endOf(1) + second, reason: null, ...over });

  test.each(['queued', 'starting'] as const)('goes on while the next job is %s', (phase) => {
    expect(plan([failed, next(phase)], at).reason).toBe('Failed 1 of 3 times: reason 1');
  });

  test('is over as soon as that one answers, though it still counts', () => {
    const ready = next('ready', { readyAt: at });
    expect(plan([failed, ready], at, used)).toMatchObject({ state: 'ready', reason: null });
    const again = ended(2, 'failed', { readyAt: at, endedAt: at + second });
    expect(plan([failed, again], at + minute).reason).toBe('Failed 2 of 3 times: reason 2');
  });

  test('is not made up for by a job that was there before', () => {
    const beside = next('ready', { intendedAt: t0 - minute, readyAt: t0 });
    expect(plan([failed, beside], at, { replicas: 2 }).reason).toContain('Failed 1 of 3 times');
  });
});

describe('giving up', () => {
  const failures: readonly (readonly JobOutcome[])[] = [
    ['failed', 'failed', 'failed'],
    ['failed', 'lost', 'cancelled'],
    ['timeout', 'timeout', 'timeout'],
  ];
  test.each(failures)('after %s, %s, %s', (...outcomes) => {
    const jobs = outcomes.map((outcome, index) => ended(index + 1, outcome));
    const result = plan(jobs, later);
    expect(result).toMatchObject({ actions: [], state: 'failed', reason: 'reason 3' });
    expect(result.lookAgainAt).toBe(later + defaultPolicy.lookRarelyMs);
    expect(result.because).toContain('failed too often: starts nothing until woken');
  });

  const three = [1, 2, 3].map((seq) => ended(seq, 'failed'));

  test('until someone wakes it', () => {
    expect(starts(plan(three, later, { lastWakeupAt: later - second }))).toBe(true);
    const again = [...three, ended(4, 'failed', { endedAt: later })];
    expect(plan(again, later + minute, { lastWakeupAt: later - second }).reason).toBe(
      'Failed 1 of 3 times: reason 4',
    );
  });

  test('what was before its wakeup only makes it wait a moment, whichever clock is ahead', () => {
    const wokenAhead = { lastWakeupAt: t0 + hour };
    const jobs = [ended(1, 'refused', { endedAt: t0 })];
    expect(starts(plan(jobs, t0 + first - 1, wokenAhead))).toBe(false);
    expect(starts(plan(jobs, t0 + first, wokenAhead))).toBe(true);
  });

  test('an outage of the cluster is not the reason', () => {
    const blind = observed(three, { clusters: unreachable });
    expect(reconcile(model(), blind, defaultPolicy, later).reason).toBe('reason 3');
  });

  test('what still serves goes on serving, with the reason', () => {
    const jobs = [job('ready', { readyAt: t0 }), ...[2, 3, 4].map((seq) => ended(seq, 'failed'))];
    const result = plan(jobs, t0 + minute, { replicas: 2 });
    expect(result).toMatchObject({ actions: [], state: 'ready', reason: 'reason 4' });
  });

  test('put to sleep, it is not loaded like any other', () => {
    expect(plan(three, later, { idle: true })).toMatchObject({ state: 'not_loaded', reason: null });
  });
});

describe('jobs that fail together', () => {
  const threeAtOnce = (intendedAt: number, endedAt: number, from = 1): readonly Job[] =>
    [0, 1, 2].map((index) =>
      ended(from + index, 'failed', { intendedAt: intendedAt + index, endedAt: endedAt + index }),
    );
  const want = { replicas: 3 };
  const count = ({ actions }: Plan) => actions.filter(({ kind }) => kind === 'intend').length;

  test('are one try, with one short wait: a file system that stood still takes no model down', () => {
    const jobs = threeAtOnce(t0, t0 + minute);
    const at = t0 + minute + 2 + first;
    expect(count(plan(jobs, at - 1, want))).toBe(0);
    expect(plan(jobs, at, want)).toMatchObject({
      state: 'queued',
      reason: 'Failed 1 of 3 times: reason 3',
    });
  });

  test('are one try, too, where each was refused before the next was written', () => {
    const jobs = [0, 1, 2].map((index) =>
      ended(1 + index, 'failed', { intendedAt: t0 + 2 * index, endedAt: t0 + 2 * index + 1 }),
    );
    expect(plan(jobs, t0 + second, want).state).toBe('queued');
  });

  test('however many: three tries are the end', () => {
    const tries = [0, 1, 2].flatMap((n) =>
      threeAtOnce(t0 + n * 9 * minute, t0 + (n * 9 + 1) * minute, 1 + 3 * n),
    );
    expect(plan(tries, later, want)).toMatchObject({ state: 'failed', reason: 'reason 9' });
  });

  test('are followed by one alone, and by the others once that is ready', () => {
    const jobs = threeAtOnce(t0, t0 + minute);
    const at = t0 + 2 * minute;
    expect(count(plan(jobs, at, want))).toBe(1);
    expect(count(plan([...jobs, job('starting', { seq: 4 })], at, want))).toBe(0);
    expect(count(plan([...jobs, job('ready', { seq: 4, readyAt: at })], at, want))).toBe(2);
  });

  test('leave those that were under way before to show that they work', () => {
    const [one] = threeAtOnce(t0, t0 + minute, 2);
    const before = job('starting', { seq: 1 });
    expect(count(plan([before, ...(one ? [one] : [])], t0 + 2 * minute, { replicas: 2 }))).toBe(1);
  });
});

describe('what is no use to try again', () => {
  test.each<JobOutcome>(['refused', 'not_set_up'])('%s: the model fails at once', (outcome) => {
    const result = plan([ended(1, outcome)], later);
    expect(result).toMatchObject({ actions: [], state: 'failed', reason: 'reason 1' });
    expect(starts(plan([ended(1, outcome)], later, { lastWakeupAt: later - second }))).toBe(true);
  });

  test('a failure before it changes nothing, nor does one beside it', () => {
    const before = [ended(1, 'failed'), ended(2, 'refused')];
    expect(plan(before, later)).toMatchObject({ state: 'failed', reason: 'reason 2' });
    const beside = [ended(1, 'refused'), ended(2, 'lost')];
    expect(plan(beside, later)).toMatchObject({ state: 'failed', reason: 'reason 1' });
  });

  test('a changed model is another one: it is tried', () => {
    const jobs = [ended(1, 'refused')];
    expect(starts(plan(jobs, later, { revision: 2 }))).toBe(true);
    const shorter = model({}, { walltimeSeconds: 600 });
    expect(starts(reconcile(shorter, observed(jobs), defaultPolicy, later))).toBe(true);
  });

  test('an engine that has worked there before may have met a bad node: it is tried again', () => {
    const worked = ended(1, 'as_asked', { readyAt: t0 });
    const jobs = [worked, ended(2, 'not_set_up')];
    expect(starts(plan(jobs, later, used))).toBe(true);
    expect(plan(jobs, endOf(2) + second, used).reason).toBe('Failed 1 of 3 times: reason 2');
    expect(plan([worked, ended(2, 'refused')], later, used).state).toBe('failed');
  });

  test('where there is another cluster, that one may take it', () => {
    const two = model({}, { otherClusters: ['c2'] });
    const at = (jobs: readonly Job[]) => reconcile(two, observed(jobs), defaultPolicy, later);
    const here = ended(1, 'refused', { cluster: 'c1' });
    const there = ended(2, 'not_set_up', { cluster: 'c2' });
    expect(at([here]).state).toBe('queued');
    expect(at([here, there])).toMatchObject({ state: 'failed', reason: 'reason 2' });
  });

  test('a model that serves goes on serving, and gets successors', () => {
    const serving = job('ready', { readyAt: t0 });
    const result = plan([serving, ended(2, 'refused')], t0 + minute, { replicas: 2 });
    expect(result).toMatchObject({ actions: [], state: 'ready', reason: 'reason 2' });
  });
});

describe('no failure', () => {
  test.each<[string, readonly Job[]]>([
    ['the cluster took it away', [ended(1, 'preempted', { readyAt: t0 })]],
    ['its walltime was over after it served', [ended(1, 'timeout', { readyAt: t0 })]],
    ['we ended it', [ended(1, 'as_asked')]],
  ])('%s: the next one starts at once', (_name, jobs) => {
    expect(starts(plan(jobs, endOf(1)))).toBe(true);
  });

  test('a job that served well starts the count anew', () => {
    const jobs = [
      ended(1, 'failed'),
      ended(2, 'failed'),
      ended(3, 'as_asked', { readyAt: t0 }),
      ended(4, 'failed'),
    ];
    expect(plan(jobs, later, used).reason).toBe('Failed 1 of 3 times: reason 4');
  });

  test('what the cluster took away in between neither adds to the count nor ends it', () => {
    const jobs = [ended(1, 'failed'), ended(2, 'preempted'), ended(3, 'failed')];
    expect(plan(jobs, later).reason).toBe('Failed 2 of 3 times: reason 3');
  });
});

describe('not our fault, and no reason to hurry', () => {
  const outcomes: readonly JobOutcome[] = ['preempted', 'node_failed', 'no_room'];

  test.each(outcomes)('%s before it was ready: the next one waits, longer each time', (outcome) => {
    const jobs = [ended(1, outcome)];
    expect(starts(plan(jobs, endOf(1) + first - 1))).toBe(false);
    expect(plan(jobs, endOf(1) + first - 1)).toMatchObject({
      state: 'queued',
      reason: 'reason 1',
    });
    expect(starts(plan(jobs, endOf(1) + first))).toBe(true);
    const twice = [...jobs, ended(2, outcome)];
    expect(starts(plan(twice, endOf(2) + next - 1))).toBe(false);
    expect(starts(plan(twice, endOf(2) + next))).toBe(true);
  });

  test.each(outcomes)('%s, however often: a longest wait, and never the last try', (outcome) => {
    const jobs = [1, 2, 3, 4, 5, 6].map((seq) => ended(seq, outcome));
    const longest = defaultPolicy.backoffMs.at(-1) ?? 0;
    expect(plan(jobs, endOf(6) + longest - 1).state).toBe('queued');
    expect(starts(plan(jobs, endOf(6) + longest))).toBe(true);
  });

  test('what it waits for now is said by the job that came after', () => {
    const jobs = [ended(1, 'no_room'), job('queued', { seq: 2, reason: 'waits' })];
    expect(plan(jobs, t0 + minute).reason).toBe('waits');
  });
});
