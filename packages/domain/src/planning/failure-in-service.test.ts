import { describe, expect, test } from '@jest/globals';
import { demand, hour, job, minute, model, observed, second, t0 } from '../../test/builders.ts';
import { ended, later, plan, starts, used } from '../../test/failures.ts';
import {
  defaultPolicy,
  type Job,
  type JobOutcome,
  type Model,
  type Plan,
  reconcile,
} from '../index.ts';

describe.each([60, 600, 86_400])('a hand-over in a life of %i s', (walltimeSeconds) => {
  const life = walltimeSeconds * second;
  const endsAt = t0 + life;
  const due = t0 + 0.9 * life;
  const old = job('ready', { walltimeSeconds, endsAt, readyAt: t0 + 0.1 * life });
  const tried = (outcome: JobOutcome): readonly Job[] =>
    [2, 3, 4].map((seq) =>
      ended(seq, outcome, {
        walltimeSeconds,
        successorOf: 'j1',
        clusterJobId: null,
        endedAt: due + 0.01 * seq * life,
      }),
    );
  const look = (jobs: readonly Job[], at: number, over: Partial<Model> = {}): Plan =>
    reconcile(
      model({ ...over, lastRequestAt: at }, { walltimeSeconds }),
      observed(jobs, { demand: demand({ running: 1, runningByJob: { j1: 1 } }) }),
      defaultPolicy,
      at,
    );
  const timedOut: Job = { ...old, phase: 'ended', outcome: 'timeout', endedAt: endsAt };

  test.each<JobOutcome>(['refused', 'failed', 'no_room'])(
    'goes on after three that were %s',
    (outcome) => {
      const jobs = [old, ...tried(outcome)];
      expect(starts(look(jobs, due + 0.04 * life))).toBe(false);
      expect(look(jobs, due + 0.04 * life + hour).actions).toEqual([
        { kind: 'intend', seq: 5, cluster: 'c1', successorOf: 'j1', rivalOf: null },
      ]);
    },
  );

  test('of a changed model that cannot start is given up: the old one serves on', () => {
    const jobs = [old, ...[2, 3, 4].map((seq) => ended(seq, 'failed', { revision: 2 }))];
    expect(look(jobs, t0 + 0.2 * life, { revision: 2 })).toMatchObject({
      actions: [],
      state: 'busy',
    });
  });

  test.each<JobOutcome>(['refused', 'failed'])(
    'whose successors were %s to the last: what comes after has its own tries',
    (outcome) => {
      const after = [timedOut, ...tried(outcome)];
      expect(starts(look(after, endsAt + 3 * minute))).toBe(true);
      const again = [5, 6, 7].map((seq) =>
        ended(seq, 'failed', { endedAt: endsAt + seq * minute }),
      );
      expect(look([...after, ...again], endsAt + hour).state).toBe('failed');
    },
  );
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

  test('of jobs with little time add up, too', () => {
    const jobs = [1, 2, 3].map((seq) => ({ ...crash(seq, 29 * second), walltimeSeconds: 60 }));
    expect(plan(jobs, later).state).toBe('failed');
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
