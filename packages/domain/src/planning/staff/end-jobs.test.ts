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
  type Demand,
  defaultPolicy,
  type Job,
  type Model,
  type Observed,
  type Plan,
  reconcile,
} from '../../index.ts';

const { drainTimeoutMs, endGraceMs, endMarginMs, lookSoonMs } = defaultPolicy;
const now = t0 + minute;
const plan = (only: Job, load: Demand = demand(), at = now, over: Partial<Observed> = {}): Plan =>
  reconcile(model({ idle: true }), observed([only], { demand: load, ...over }), defaultPolicy, at);
const running = (count: number): Demand => demand({ running: count, runningByJob: { j1: count } });
const asked = { kind: 'askToEnd', jobId: 'j1' };
const cancelled = { kind: 'cancel', jobId: 'j1' };

describe('a ready job of a model that is put to sleep', () => {
  test.each<[string, Partial<Job>, number]>([
    ['for the longest time allowed', {}, now + drainTimeoutMs],
    ['until shortly before its end', { endsAt: t0 + 10 * minute }, t0 + 10 * minute - endMarginMs],
    [
      'until close to the end of a short life',
      { endsAt: now + 2 * minute, walltimeSeconds: 180 },
      now + 111 * second,
    ],
    ['not at all when its end is near', { endsAt: now + second }, now],
    ['where no end is known', { endsAt: null }, now + drainTimeoutMs],
  ])('drains %s', (_name, over, until) => {
    for (const load of [running(1), demand(), null]) {
      expect(plan(job('ready', over), load).actions).toEqual([
        { kind: 'drain', jobId: 'j1', until },
      ]);
    }
  });
});

describe('a ready job in whose place others serve', () => {
  const served = (over: Partial<Job> = {}) =>
    job('ready', { walltimeSeconds: 86_400, endsAt: t0 + 24 * hour, ...over });
  const other = (over: Partial<Job> = {}) => served({ seq: 2, ...over });
  const look = (jobs: readonly Job[], desired: Partial<Model>, at = now) => {
    const load = demand({ running: 1, runningByJob: { j1: 1 } });
    const wish = model({ lastRequestAt: at, ...desired }, { walltimeSeconds: 86_400 });
    return reconcile(wish, observed(jobs, { demand: load }), defaultPolicy, at);
  };
  const end = t0 + 24 * hour - endMarginMs;
  const successor = other({ successorOf: 'j1' });
  const younger = (at: number) => ({ ...successor, startedAt: at, readyAt: at, endsAt: at + end });

  test.each<[string, readonly Job[], Partial<Model>, number]>([
    ['of age', [served(), younger(t0 + 22 * hour)], {}, t0 + 22 * hour],
    ['of its node', [served({ nodeLeaving: true }), successor], {}, now],
    ['of its revision', [served(), other({ revision: 2 })], { revision: 2 }, now],
  ])('because %s drains until shortly before its end', (_name, jobs, desired, at) => {
    expect(look(jobs, desired, at).actions).toEqual([{ kind: 'drain', jobId: 'j1', until: end }]);
  });

  test('because it is one too many drains until shortly before its end', () => {
    const jobs = [served(), other({ endsAt: t0 + 23 * hour })];
    expect(look(jobs, {}).actions).toEqual([
      { kind: 'drain', jobId: 'j2', until: t0 + 23 * hour - endMarginMs },
    ]);
  });

  test('has the longest time allowed where nobody knows its end', () => {
    expect(
      look([served({ endsAt: null }), other({ revision: 2 })], { revision: 2 }).actions,
    ).toEqual([{ kind: 'drain', jobId: 'j1', until: now + drainTimeoutMs }]);
  });

  describe('and which drains', () => {
    const draining = { ...served(), phase: 'draining' as const, drainUntil: end };
    const shortened = (until: number) => [{ kind: 'drain', jobId: 'j1', until }];

    test('finishes its streams, however long', () => {
      expect(look([draining, other()], {}, t0 + 12 * hour).actions).toEqual([]);
    });

    test.each<[string, Partial<Model>]>([
      ['put to sleep', { idle: true }],
      ['to be stopped', { registered: false, stopRequested: true }],
    ])('has less time once its model is %s', (_name, desired) => {
      expect(look([draining], desired).actions).toEqual(shortened(now + drainTimeoutMs));
      const bounded = { ...draining, drainUntil: now + drainTimeoutMs };
      expect(look([bounded], desired, now + second).actions).toEqual([]);
    });

    test('has less time once its cluster ends it earlier', () => {
      const cut = { ...draining, endsAt: t0 + hour };
      expect(look([cut, other()], {}).actions).toEqual(shortened(t0 + hour - endMarginMs));
    });
  });
});

test('a ready job whose time to drain is over in a moment is looked at then', () => {
  const made = plan(job('ready', { endsAt: now + 3_515, walltimeSeconds: 60 }), running(1));
  expect(made.lookAgainAt).toBe(now + 515);
  expect(made.actions).toEqual([{ kind: 'drain', jobId: 'j1', until: now + 515 }]);
});

describe('a draining job', () => {
  const draining = (over: Partial<Job> = {}) => job('draining', over);
  const end = t0 + 5 * minute;

  test('finishes its requests, looked at soon', () => {
    expect(plan(draining(), running(2))).toMatchObject({
      actions: [],
      lookAgainAt: now + lookSoonMs,
      because: ['asleep', 'a draining job finishes its requests'],
    });
  });

  test('is asked to end when they are through', () => {
    expect(plan(draining(), running(0)).actions).toEqual([asked]);
  });

  test('is asked to end at its deadline, whatever runs', () => {
    expect(plan(draining(), running(2), end - 1).actions).toEqual([]);
    expect(plan(draining(), running(2), end).actions).toEqual([asked]);
  });

  test('is asked to end when its cluster ends it sooner than it was, whatever runs', () => {
    expect(plan(draining({ endsAt: now + second }), running(2)).actions).toEqual([asked]);
  });

  test('unknown demand is not zero: it has until its deadline', () => {
    expect(plan(draining(), null, end - 1).actions).toEqual([]);
    expect(plan(draining(), null, end).actions).toEqual([asked]);
    expect(plan(draining({ drainUntil: null }), null).actions).toEqual([asked]);
  });

  test('nor is a part in which it has none; one in which it has some is enough to wait', () => {
    for (const count of [0, 2]) {
      const part = demand({ isWhole: false, running: 2, runningByJob: { j1: count } });
      expect(plan(draining(), part).actions).toEqual([]);
      expect(plan(draining(), part, end).actions).toEqual([asked]);
    }
  });

  test('that was asked and does not end is cancelled, again and again', () => {
    const told = draining({ endAskedAt: now });
    const first = now + endGraceMs;
    expect(plan(told, demand(), first - 1)).toMatchObject({ actions: [], lookAgainAt: first });
    expect(plan(told, demand(), first).actions).toEqual([cancelled]);
    const again = draining({ endAskedAt: now, cancelledAt: first });
    expect(plan(again, demand(), first + endGraceMs - 1).actions).toEqual([]);
    expect(plan(again, demand(), first + endGraceMs).actions).toEqual([cancelled]);
  });

  test('that was asked on a stale count keeps the stream that came in between', () => {
    const told = draining({ endAskedAt: t0 });
    expect(plan(told, running(1), t0 + 2 * minute).actions).toEqual([]);
    expect(plan(told, running(1), end).actions).toEqual([cancelled]);
  });
});

test.each(['intended', 'queued', 'starting'] as const)(
  'a job that is %s is cancelled at once, and again until it is gone',
  (phase) => {
    expect(plan(job(phase)).actions).toEqual([cancelled]);
    const told = job(phase, { cancelledAt: now });
    expect(plan(told, demand(), now + 1).actions).toEqual([]);
    expect(plan(told, demand(), now + endGraceMs).actions).toEqual([cancelled]);
  },
);

test('nothing is asked of a cluster that does not answer, however late it is', () => {
  const blind = { clusters: unreachable };
  for (const phase of ['intended', 'queued', 'starting', 'draining'] as const) {
    const result = plan(job(phase), demand(), t0 + 10 * hour, blind);
    expect(result.actions).toEqual([]);
    expect(result.because).toContain('the cluster does not answer: ends nothing');
  }
});

test('a wake while the only job drains starts another: what drains does not come back', () => {
  const awake = reconcile(
    model(),
    observed([job('draining')], { demand: running(1) }),
    defaultPolicy,
    now,
  );
  expect(awake.actions).toMatchObject([{ kind: 'intend', seq: 2 }]);
});
