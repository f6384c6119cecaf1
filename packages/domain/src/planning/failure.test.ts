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
  type JobOutcome,
  type Model,
  type Plan,
  reconcile,
} from '../index.ts';

/** One after the other, each as short as it was after the back-off for the one before. */
const endOf = (seq: number): number => t0 + 10 * seq * second;
const ended = (seq: number, outcome: JobOutcome, over: Partial<Job> = {}): Job => {
  const endedAt = over.endedAt ?? endOf(seq);
  const reason = `reason ${seq}`;
  return job('ended', { seq, outcome, reason, intendedAt: endedAt - second, endedAt, ...over });
};
const plan = (jobs: readonly Job[], at: number, over: Partial<Model> = {}): Plan =>
  reconcile(model(over), observed(jobs), defaultPolicy, at);
const starts = ({ actions }: Plan): boolean => actions.some(({ kind }) => kind === 'intend');
const later = t0 + hour;
/** Keeps it from falling asleep. */
const used = { lastRequestAt: later };
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

describe('a hand-over', () => {
  const walltimeSeconds = 86_400;
  const endsAt = t0 + walltimeSeconds * second;
  const due = t0 + 0.9 * walltimeSeconds * second;
  const old = job('ready', { walltimeSeconds, endsAt, readyAt: t0 });
  const tried = (outcome: JobOutcome): readonly Job[] =>
    [2, 3, 4].map((seq) =>
      ended(seq, outcome, {
        successorOf: 'j1',
        clusterJobId: null,
        endedAt: due + 10 * seq * second,
      }),
    );
  const look = (jobs: readonly Job[], at: number, over: Partial<Model> = {}): Plan =>
    reconcile(
      model({ ...over, lastRequestAt: at }, { walltimeSeconds }),
      observed(jobs, { demand: demand({ running: 1, runningByJob: { j1: 1 } }) }),
      defaultPolicy,
      at,
    );

  test.each<JobOutcome>(['refused', 'failed', 'no_room'])(
    'goes on after three that were %s',
    (outcome) => {
      const jobs = [old, ...tried(outcome)];
      expect(starts(look(jobs, due + minute))).toBe(false);
      expect(look(jobs, due + hour).actions).toEqual([
        { kind: 'intend', seq: 5, cluster: 'c1', successorOf: 'j1', rivalOf: null },
      ]);
    },
  );

  test('of a changed model that cannot start is given up: the old one serves on', () => {
    const jobs = [old, ...[2, 3, 4].map((seq) => ended(seq, 'failed', { revision: 2 }))];
    expect(look(jobs, t0 + hour, { revision: 2 })).toMatchObject({ actions: [], state: 'busy' });
  });

  test('that failed to the last: what comes after has its own three tries', () => {
    const jobs = [
      { ...old, phase: 'ended' as const, outcome: 'timeout' as const, endedAt: endsAt },
    ];
    const after = [...jobs, ...tried('failed')];
    expect(starts(look(after, endsAt + minute))).toBe(true);
    const again = [5, 6, 7].map((seq) => ended(seq, 'failed', { endedAt: endsAt + seq * minute }));
    expect(look([...after, ...again], endsAt + hour).state).toBe('failed');
  });
});

describe('crashes in service', () => {
  const { stableAfterMs } = defaultPolicy;
  const crash = (seq: number, served: number): Job => {
    const endedAt = t0 + 15 * seq * minute;
    const readyAt = endedAt - served;
    return ended(seq, 'failed', { intendedAt: readyAt - second, readyAt, endedAt });
  };

  test('soon after it was ready add up: a crash loop ends', () => {
    expect(plan([crash(1, 0), crash(2, minute), crash(3, 0)], later).state).toBe('failed');
  });

  test('after long service start the count anew', () => {
    const jobs = [crash(1, 0), crash(2, 0), crash(3, stableAfterMs)];
    expect(plan(jobs, later, used).reason).toBe('Failed 1 of 3 times: reason 3');
  });

  test('a successor that has been stable makes up for what failed before it', () => {
    const jobs = [
      crash(1, 0),
      crash(2, 0),
      crash(3, 0),
      job('ready', { seq: 4, startedAt: later, readyAt: later, endsAt: later + hour }),
    ];
    const busy = observed(jobs, { demand: demand({ running: 1 }) });
    const two = model({ replicas: 2 });
    const at = later + stableAfterMs;
    expect(starts(reconcile(two, busy, defaultPolicy, at - 1))).toBe(false);
    expect(starts(reconcile(two, busy, defaultPolicy, at))).toBe(true);
  });
});
