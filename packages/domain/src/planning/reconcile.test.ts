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
} from '../../test/builders.ts';
import {
  defaultPolicy,
  type Job,
  type Model,
  type Observed,
  type Plan,
  reconcile,
} from '../index.ts';

const now = t0 + second;
const plan = (desired: Model, jobs: readonly Job[], over: Partial<Observed> = {}, at = now): Plan =>
  reconcile(desired, observed(jobs, over), defaultPolicy, at);
const intend = (seq: number, successorOf: string | null = null) => ({
  kind: 'intend',
  seq,
  cluster: 'c1',
  successorOf,
  rivalOf: null,
});

describe('waking', () => {
  test('an awake model without a job gets one', () => {
    expect(plan(model(), [])).toEqual({
      actions: [intend(1)],
      patch: {},
      state: 'queued',
      reason: null,
      lookAgainAt: now + defaultPolicy.lookInDoubtMs,
      expectedStarts: [],
      expectedReady: null,
      because: ['not ready since its wakeup: stays awake', 'a job is missing: starts one'],
    });
  });

  test('several at once have consecutive numbers after the highest one known', () => {
    const ended = job('ended', { seq: 7, outcome: 'as_asked' });
    const { actions } = plan(model({ replicas: 3 }), [ended]);
    expect(actions).toEqual([intend(8), intend(9), intend(10)]);
  });

  test.each(['intended', 'queued', 'starting', 'ready'] as const)(
    'a job that is %s is enough: a second wake changes nothing',
    (phase) => {
      const { actions } = plan(model({ lastWakeupAt: now }), [job(phase, { clusterJobId: '1' })]);
      expect(actions).toEqual([]);
    },
  );

  test('an intended job whose submission was cut short is submitted, not doubled', () => {
    expect(plan(model(), [job('intended')]).actions).toEqual([{ kind: 'submit', jobId: 'j1' }]);
  });

  test('a job on its way out does not count', () => {
    for (const leaving of [job('draining'), job('starting', { cancelledAt: now })]) {
      expect(plan(model(), [leaving]).actions).toContainEqual(intend(2));
    }
  });

  test('a smaller max_replicas than replicas wins', () => {
    expect(plan(model({ replicas: 3 }, { maxReplicas: 2 }), []).actions).toHaveLength(2);
  });
});

describe('a cluster that does not answer', () => {
  test('gets no new job and no submission, and the reason says so', () => {
    for (const jobs of [[], [job('intended')], [job('ended', { outcome: 'lost' })]]) {
      const result = plan(model(), jobs, { clusters: unreachable });
      expect(result.actions).toEqual([]);
      expect(result.state).toBe('queued');
      expect(result.reason).toBe('The cluster c1 does not answer: connect ETIMEDOUT.');
      expect(result.lookAgainAt).toBeLessThanOrEqual(now + defaultPolicy.lookAgainMs);
    }
  });

  test('has nothing cancelled, but a ready job that nobody wants gets no new requests', () => {
    const jobs = [job('ready'), job('queued', { seq: 2 }), job('draining', { seq: 3 })];
    const { actions } = plan(model({ idle: true }), jobs, { clusters: unreachable });
    expect(actions.map(({ kind }) => kind)).toEqual(['drain']);
  });

  test('a model that serves goes on serving', () => {
    const result = plan(model(), [job('ready')], { clusters: unreachable });
    expect(result).toMatchObject({ actions: [], state: 'ready' });
    expect(result.reason).toContain('does not answer');
  });

  test('nobody has asked it yet: it is tried', () => {
    expect(plan(model(), [], { clusters: {} }).actions).toEqual([intend(1)]);
  });

  test('what it had is replaced on the cluster to which the model moved', () => {
    const moved = model({ cluster: 'c2', revision: 2 });
    const { actions } = plan(moved, [job('queued')], { clusters: unreachable });
    expect(actions).toEqual([
      { kind: 'intend', seq: 2, cluster: 'c2', successorOf: null, rivalOf: null },
    ]);
  });
});

describe('unregistered', () => {
  const gone = model({ registered: false });

  test('its jobs go on: nothing is ended, replaced or started', () => {
    for (const jobs of [
      [],
      [job('queued')],
      [job('starting')],
      [job('ready', { endsAt: now + 1 })],
    ]) {
      expect(plan(gone, jobs).actions).toEqual([]);
    }
  });

  test('what is not known to be on the cluster is called off', () => {
    expect(plan(gone, [job('intended')]).actions).toEqual([{ kind: 'cancel', jobId: 'j1' }]);
  });

  test('what was on its way out goes on its way', () => {
    expect(plan(gone, [job('draining')]).actions).toEqual([{ kind: 'askToEnd', jobId: 'j1' }]);
  });

  test('with stop its jobs are ended', () => {
    const jobs = [job('ready'), job('queued', { seq: 2 })];
    const { actions } = plan({ ...gone, stopRequested: true }, jobs);
    expect(actions.map(({ kind }) => kind)).toEqual(['drain', 'cancel']);
  });
});

describe('state', () => {
  const busy = { demand: demand({ running: 1 }) };
  test.each<[string, Model, readonly Job[], Partial<Observed>, Plan['state']]>([
    ['asleep without jobs', model({ idle: true }), [], {}, 'not_loaded'],
    ['woken', model(), [], {}, 'queued'],
    ['intended', model(), [job('intended')], {}, 'queued'],
    ['queued', model(), [job('queued')], {}, 'queued'],
    [
      'one of two starts',
      model({ replicas: 2 }),
      [job('queued'), job('starting', { seq: 2 })],
      {},
      'loading',
    ],
    ['ready', model(), [job('ready')], {}, 'ready'],
    [
      'ready, the rest loads',
      model({ replicas: 2 }),
      [job('ready'), job('starting', { seq: 2 })],
      {},
      'ready',
    ],
    ['running requests', model(), [job('ready')], busy, 'busy'],
    ['held requests', model(), [job('ready')], { demand: demand({ held: 1 }) }, 'busy'],
    ['held while loading', model(), [job('starting')], { demand: demand({ held: 1 }) }, 'loading'],
    ['demand unknown', model(), [job('ready')], { demand: null }, 'ready'],
    ['only a draining job: by its successor', model(), [job('draining')], busy, 'queued'],
    ['asleep, streams finish', model({ idle: true }), [job('draining')], busy, 'busy'],
    ['asleep, the job ends', model({ idle: true }), [job('draining')], {}, 'ready'],
    ['asleep, a start is called off', model({ idle: true }), [job('starting')], {}, 'loading'],
    ['asleep, a wait is called off', model({ idle: true }), [job('queued')], {}, 'queued'],
  ])('%s', (_name, desired, jobs, over, state) => {
    expect(plan(desired, jobs, over).state).toBe(state);
  });

  test.each([
    [false, /go on until they end by themselves/],
    [true, /last jobs are ending/],
  ])(
    'says what becomes of the jobs of one that is registered no more (stop: %s)',
    (stop, words) => {
      const gone = model({ registered: false, stopRequested: stop });
      expect(plan(gone, [job('ready')]).reason).toMatch(words);
    },
  );

  test('says why it waits', () => {
    const waiting = job('queued', { reason: 'Waiting in the queue: no free resources yet.' });
    expect(plan(model(), [waiting]).reason).toBe(waiting.reason);
  });
});

describe('the next look', () => {
  const { lookAgainMs, lookRarelyMs, lookSoonMs } = defaultPolicy;
  test.each<[string, Model, readonly Job[], number]>([
    ['asleep: rarely', model({ idle: true }), [], lookRarelyMs],
    [
      'unregistered: while its job lives',
      model({ registered: false }),
      [job('ready')],
      lookAgainMs,
    ],
    ['awake', model(), [job('queued')], lookAgainMs],
    ['draining: soon', model({ idle: true }), [job('ready')], lookSoonMs],
    ['at the idle timeout', model({}, { idleTimeoutSeconds: 5 }), [job('ready')], 4 * second + 1],
    [
      'at the ratio',
      model({}, { walltimeRatio: 0.8 }),
      [
        job('ready', {
          startedAt: now - 48 * minute,
          readyAt: now - 48 * minute,
          endsAt: now + 12 * minute + 3 * second,
        }),
      ],
      3 * second,
    ],
  ])('%s', (_name, desired, jobs, after) => {
    expect(plan(desired, jobs).lookAgainAt).toBe(now + after);
  });
});

test('the next look while nobody knows the demand is soon: it decides who may sleep', () => {
  const after = (demanded: null | undefined) =>
    plan(model(), [job('ready')], demanded === null ? { demand: null } : {}).lookAgainAt - now;
  expect(after(null)).toBe(defaultPolicy.lookInDoubtMs);
  expect(after(undefined)).toBe(defaultPolicy.lookAgainMs);
  expect(plan(model({ idle: true }), [], { demand: null }).lookAgainAt - now).toBe(
    defaultPolicy.lookRarelyMs,
  );
});

test('a long outage of everything is survived without a decision', () => {
  const jobs = [job('ready')];
  const late = plan(model(), jobs, { demand: null, clusters: unreachable }, t0 + 30 * minute);
  expect(late).toMatchObject({ actions: [], patch: {}, state: 'ready' });
  expect(late.lookAgainAt).toBeLessThan(t0 + hour);
});
