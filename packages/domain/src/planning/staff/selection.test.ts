import { describe, expect, test } from '@jest/globals';
import {
  demand,
  hour,
  job,
  minute,
  model,
  observed,
  second,
  t0,
  unreachable,
} from '../../../test/builders.ts';
import {
  type Action,
  defaultPolicy,
  type Job,
  type Model,
  type Plan,
  reconcile,
} from '../../index.ts';

/** Walltime one hour, ratio 0.8: the successor is due 48 minutes after the start. */
const due = t0 + 48 * minute;
const atRatio = model({}, { walltimeRatio: 0.8 });
const used = demand({ running: 1, runningByJob: { j1: 1 } });
const plan = (jobs: readonly Job[], at: number, desired: Model = atRatio, load = used): Plan =>
  reconcile(desired, observed(jobs, { demand: load }), defaultPolicy, at);
const intend = (seq: number, successorOf: string | null): Action => ({
  kind: 'intend',
  seq,
  cluster: 'c1',
  successorOf,
  rivalOf: null,
});
const heir = (phase: Job['phase'], over: Partial<Job> = {}): Job =>
  job(phase, { seq: 2, successorOf: 'j1', startedAt: due, endsAt: due + hour, ...over });

describe('before the walltime ends', () => {
  test('a successor is intended when the ratio is reached, not before', () => {
    expect(plan([job('ready')], due - 1).actions).toEqual([]);
    expect(plan([job('ready')], due)).toMatchObject({ actions: [intend(2, 'j1')], state: 'busy' });
  });

  test('the end that the cluster names counts, not the sum', () => {
    const shortened = job('ready', { endsAt: t0 + 20 * minute });
    expect(plan([shortened], t0 + 14 * minute).actions).toEqual([intend(2, 'j1')]);
    const unknown = job('ready', { endsAt: null });
    expect(plan([unknown], due).actions).toEqual([intend(2, 'j1')]);
  });

  test('a job that gets much less than it asked for is not due before half of that', () => {
    // Nothing was learned yet: it loads.
    const short = job('starting', { endsAt: t0 + 4 * minute });
    expect(plan([short], t0 + 2 * minute - 1).actions).toEqual([]);
    expect(plan([short], t0 + 2 * minute).actions).toEqual([intend(2, 'j1')]);
    const early = model({}, { walltimeRatio: 0.1 });
    expect(plan([job('ready')], t0 + 6 * minute - 1, early).actions).toEqual([]);
    expect(plan([job('ready')], t0 + 6 * minute, early).actions).toEqual([intend(2, 'j1')]);
  });

  test('a job that still loads then has a successor, too', () => {
    expect(plan([job('starting')], due).actions).toEqual([intend(2, 'j1')]);
  });

  test('not where refreshing is off, nor for a waiting job', () => {
    expect(plan([job('ready')], due, model({}, { isRefreshing: false })).actions).toEqual([]);
    expect(plan([job('queued')], t0 + 10 * hour).actions).toEqual([]);
  });

  test.each(['intended', 'queued', 'starting'] as const)(
    'it serves while its successor is %s',
    (phase) => {
      const actions = plan(
        [job('ready'), heir(phase, { clusterJobId: '9' })],
        due + minute,
      ).actions;
      expect(actions).toEqual([]);
    },
  );

  test('it drains when its successor is ready, until shortly before its end', () => {
    const until = t0 + hour - defaultPolicy.endMarginMs;
    expect(plan([job('ready'), heir('ready')], due + 2 * minute).actions).toEqual([
      { kind: 'drain', jobId: 'j1', until },
    ]);
    const long = { walltimeSeconds: 4 * 3600, endsAt: due + 24 * minute };
    const early = plan([job('ready', long), heir('ready')], due);
    expect(early.actions).toEqual([
      { kind: 'drain', jobId: 'j1', until: due + 24 * minute - defaultPolicy.endMarginMs },
    ]);
  });

  test('it is cancelled when it never got ready and its successor is', () => {
    expect(plan([job('starting'), heir('ready')], due).actions).toEqual([
      { kind: 'cancel', jobId: 'j1' },
    ]);
  });

  test('a successor that failed is tried again, with back-off', () => {
    const failed = heir('ended', { outcome: 'failed', endedAt: due });
    const [wait = 0] = defaultPolicy.backoffMs;
    expect(plan([job('ready'), failed], due + wait - 1).actions).toEqual([]);
    expect(plan([job('ready'), failed], due + wait).actions).toEqual([intend(3, 'j1')]);
  });

  test('no successor while the cluster does not answer', () => {
    const blind = observed([job('ready')], { demand: used, clusters: unreachable });
    expect(reconcile(model(), blind, defaultPolicy, due).actions).toEqual([]);
  });

  test('every one of several has its own', () => {
    const two = [job('ready'), job('ready', { seq: 2, endsAt: t0 + 55 * minute })];
    const desired = model({ replicas: 2 }, { walltimeRatio: 0.8 });
    expect(plan(two, due, desired).actions).toEqual([intend(3, 'j2'), intend(4, 'j1')]);
    const third = job('queued', { seq: 3, successorOf: 'j2' });
    expect(plan([...two, third], due, desired).actions).toEqual([intend(4, 'j1')]);
  });

  test('a place beside a handover is filled at once, whether it is new or was lost', () => {
    const pair = [job('ready'), heir('queued')];
    expect(plan(pair, due, model({ replicas: 2 })).actions).toEqual([intend(3, null)]);
    const other = job('ready', { seq: 3, startedAt: due, endsAt: due + hour });
    const lost = job('ended', { seq: 4, outcome: 'node_failed', readyAt: t0, endedAt: due });
    const three = model({ replicas: 3 });
    expect(plan([...pair, other, lost], due, three).actions).toEqual([intend(5, null)]);
  });

  test('one that ends without a successor is simply replaced', () => {
    const over = job('ended', { outcome: 'timeout', readyAt: t0, endedAt: t0 + hour });
    expect(plan([over], t0 + hour).actions).toEqual([intend(2, null)]);
    expect(plan([over, heir('queued')], t0 + hour).actions).toEqual([]);
  });
});

describe('a changed model', () => {
  const changed = model({ revision: 2 });
  const fresh = (phase: Job['phase'], over: Partial<Job> = {}): Job =>
    job(phase, { seq: 9, revision: 2, ...over });

  test('is replaced job by job, and serves all the time', () => {
    const two = [job('ready'), job('ready', { seq: 2 })];
    const desired = { ...changed, replicas: 2 };
    const at = t0 + minute;
    expect(plan(two, at, desired).actions).toEqual([intend(3, 'j1')]);
    const pending = fresh('starting', { successorOf: 'j1' });
    expect(plan([...two, pending], at, desired).actions).toEqual([]);
    const up = fresh('ready', { successorOf: 'j1' });
    const swap = plan([...two, up], at, desired).actions;
    expect(swap.map((action) => [action.kind, 'jobId' in action && action.jobId])).toEqual([
      ['drain', 'j1'],
      ['intend', false],
    ]);
    expect(swap).toContainEqual(intend(10, 'j2'));
  });

  test('also without refreshing', () => {
    const still = model({ revision: 2 }, { isRefreshing: false });
    expect(plan([job('ready')], t0 + minute, still).actions).toEqual([intend(2, 'j1')]);
  });

  test.each(['intended', 'queued', 'starting'] as const)(
    'a job that is only %s is of no use to anybody: cancelled and replaced at once',
    (phase) => {
      expect(plan([job(phase)], t0 + second, changed).actions).toEqual([
        { kind: 'cancel', jobId: 'j1' },
        intend(2, null),
      ]);
    },
  );
});

describe('fewer jobs wanted in the middle of a handover', () => {
  test('the old one goes, its successor stays', () => {
    const jobs = [
      job('ready'),
      heir('ready'),
      job('ready', { seq: 3, startedAt: due, endsAt: due + hour }),
    ];
    const { actions } = plan(jobs, due, model({ replicas: 2 }));
    expect(actions).toMatchObject([{ kind: 'drain', jobId: 'j1' }]);
  });

  test('of two old ones the one that serves stays', () => {
    const jobs = [job('starting'), job('ready', { seq: 2 })];
    const { actions } = plan(jobs, due);
    expect(actions).toEqual([{ kind: 'cancel', jobId: 'j1' }, intend(3, 'j2')]);
  });

  test('the old one serves on while the only successor is still starting', () => {
    const jobs = [job('ready'), heir('starting')];
    expect(plan(jobs, due, model({ replicas: 1 })).actions).toEqual([]);
  });

  test('asleep: both go', () => {
    const { actions } = plan([job('ready'), heir('starting')], due, model({ idle: true }));
    expect(actions.map(({ kind }) => kind)).toEqual(['drain', 'cancel']);
  });

  test('of those that wait the one that waits for the shortest time goes: one that was requeued has to wait anew', () => {
    const requeued = job('queued', { submittedAt: t0 + 2 * minute });
    const successor = job('queued', { seq: 2, successorOf: 'j1', submittedAt: t0 + minute });
    const result = plan([requeued, successor], t0 + 3 * minute);
    expect(result.actions).toEqual([{ kind: 'cancel', jobId: 'j1' }]);
  });
});
