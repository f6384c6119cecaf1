import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import * as build from '../../../test/builders.ts';
import { minute, second, t0 } from '../../../test/builders.ts';
import type { Job } from '../../vocabulary/job.ts';
import { defaultPolicy } from '../../vocabulary/policy.ts';
import type { ServiceState } from '../../vocabulary/service.ts';
import { noticesOf, type ToldService } from './notices.ts';
import { reconcileService } from './reconcile-service.ts';

const hour = 60 * minute;
const service = (
  was: ServiceState,
  over: Partial<ToldService> = {},
  spec: Partial<ToldService['spec']> = {},
): ToldService => ({ ...build.service(over, spec), clusterJobId: '101', ...over, state: was });

/** What one run tells of a service that was in that state. */
function told(what: ToldService, jobs: readonly Job[], now: number) {
  const plan = reconcileService(what, build.observed(jobs), defaultPolicy, now);
  return { plan, notices: noticesOf(what, plan, jobs, defaultPolicy, now) };
}
const kinds = (what: ToldService, jobs: readonly Job[], now = t0 + minute) =>
  told(what, jobs, now).notices.map(({ kind, seq }) => `${seq} ${kind}`);

const states: readonly ServiceState[] = [
  ...(['pending', 'building', 'starting', 'running', 'stopping'] as const),
  ...(['stopped', 'completed', 'failed'] as const),
];

describe('a new state', () => {
  test('is told where people wait for it, and only when it is new', () => {
    const after = (was: ServiceState, state: ServiceState) =>
      noticesOf(service(was), { state, reason: null }, [], defaultPolicy, t0).map(
        ({ kind }) => kind,
      );
    for (const state of states) {
      const isTold = ['running', 'stopped', 'completed', 'failed'].includes(state);
      for (const was of states)
        expect(after(was, state)).toEqual(isTold && was !== state ? [state] : []);
    }
  });

  test('is that of the job behind it', () => {
    const old = build.job('ended', { outcome: 'no_room' });
    expect(kinds(service('starting'), [old, build.job('ready', { seq: 2 })])).toEqual([
      '2 running',
    ]);
    const failed = build.job('ended', { seq: 2, outcome: 'failed' });
    expect(kinds(service('running'), [old, failed])).toEqual(['2 failed']);
    expect(kinds(service('stopping', { stopRequested: true }), [])).toEqual(['0 stopped']);
  });

  test('comes with what the service was like, and without the end of a log', () => {
    const reason = 'The engine ended with exit code 1. The end of its log:\nsecret=42';
    const job = build.job('ended', { outcome: 'failed', reason, endsAt: t0 + hour });
    const { notices } = told(service('starting'), [job], t0 + minute);
    expect(notices).toEqual([
      {
        ...{ serviceId: 's1', kind: 'failed', seq: 1, at: t0 + minute },
        facts: {
          ...{ clusterJobId: '101', name: 'tool', recipe: 'vector/tool', project: 'demo' },
          ...{ cluster: 'c1', state: 'failed', endsAt: null },
          reason: 'The engine ended with exit code 1.',
        },
      },
    ]);
  });
});

describe('that it ends', () => {
  const ofWalltime = (minutes: number, over: Partial<Job> = {}) =>
    build.job('ready', {
      walltimeSeconds: 60 * minutes,
      endsAt: t0 + minutes * minute,
      ...over,
    });
  const firstTold = (job: Job) => {
    const { lookAgainAt } = told(service('running'), [job], (job.endsAt ?? 0) - hour).plan;
    for (let at = job.endsAt ?? 0; at >= t0; at -= second)
      if (kinds(service('running'), [job], at - second).length === 0)
        return { before: (job.endsAt ?? 0) - at, lookAgainAt };
    return null;
  };

  test.each([
    [10, 1],
    [60, 6],
    [100, 10],
    [24 * 60, 10],
  ])('is told of %i minutes %i before', (walltime, before) => {
    expect(firstTold(ofWalltime(walltime))?.before).toBe(before * minute);
  });

  test('is looked at in time, not before and after', () => {
    const job = ofWalltime(60);
    const due = t0 + 54 * minute;
    const lookAgainAt = (now: number) => told(service('running'), [job], now).plan.lookAgainAt;
    expect(lookAgainAt(due - second)).toBe(due);
    expect(lookAgainAt(due - minute)).toBeLessThan(due);
    expect(lookAgainAt(due)).toBe(due + defaultPolicy.lookAgainMs);
  });

  test('goes with a state that is new: first what came first', () => {
    const what = service('starting');
    expect(kinds(what, [ofWalltime(60)], t0 + 55 * minute)).toEqual(['1 running', '1 ending']);
  });

  test('is told before it serves, too: there is not much time left for it', () => {
    const starting = build.job('starting', { endsAt: t0 + hour });
    expect(kinds(service('starting'), [starting], t0 + 55 * minute)).toEqual(['1 ending']);
  });

  test.each([
    ['one that is kept', service('running', {}, { keep: true }), ofWalltime(60)],
    ['one that is stopped', service('stopping', { stopRequested: true }), ofWalltime(60)],
    ['a job that is ending already', service('stopping'), ofWalltime(60, { phase: 'draining' })],
    ['a job of which nobody knows the end', service('running'), ofWalltime(60, { endsAt: null })],
  ])('is not told of %s', (_, what, job) => {
    expect(kinds(what, [job], t0 + 59 * minute)).not.toContain('1 ending');
  });
});

test('whoever looks now and then is told once of each, and always of the end', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 60 }),
      (gaps) => {
        const heard: string[] = [];
        let state: ServiceState = 'starting';
        let now = t0;
        const look = (job: Job) => {
          const { plan, notices } = told(service(state), [job], now);
          ({ state } = plan);
          for (const { seq, kind } of notices) heard.push(`${seq} ${kind}`);
        };
        for (const gap of gaps) {
          now += gap * minute;
          if (now < t0 + hour) look(build.job('ready'));
        }
        now = t0 + hour;
        look(build.job('ended', { outcome: 'timeout', readyAt: t0, reason: 'over' }));
        const once = [...new Set(heard)];
        const inOrder = ['1 running', '1 ending', '1 completed'].filter((one) =>
          once.includes(one),
        );
        expect(once).toEqual(inOrder);
        expect(once.at(-1)).toBe('1 completed');
        expect(heard.filter((one) => one !== '1 ending')).toEqual(
          once.filter((one) => one !== '1 ending'),
        );
      },
    ),
  );
});
