import { describe, expect, test } from '@jest/globals';
import * as build from '../../../test/builders.ts';
import { minute, second, t0 } from '../../../test/builders.ts';
import type { Job, JobOutcome } from '../../vocabulary/job.ts';
import { defaultPolicy } from '../../vocabulary/policy.ts';
import type { Service, ServiceState } from '../../vocabulary/service.ts';
import { reconcileService } from './reconcile-service.ts';

const service = (over: Partial<Service> = {}, spec: Partial<Service['spec']> = {}): Service =>
  build.service(over, { keep: false, ...spec });
const ended = (outcome: JobOutcome, over: Partial<Job> = {}) =>
  build.job('ended', { outcome, reason: 'why', modelId: null, serviceId: 's1', ...over });

function plan(what: Service, jobs: readonly Job[], now = t0 + minute) {
  const observed = build.observed(jobs);
  return reconcileService(what, observed, defaultPolicy, now);
}
const kinds = (what: Service, jobs: readonly Job[], now?: number) =>
  plan(what, jobs, now).actions.map(({ kind }) => kind);

describe('a service', () => {
  test('that was just started gets a job', () => {
    const { actions, state } = plan(service(), []);
    expect(actions).toEqual([
      { kind: 'intend', seq: 1, cluster: 'c1', successorOf: null, rivalOf: null },
    ]);
    expect(state).toBe('pending');
  });

  test('whose job lives is left alone', () => {
    for (const phase of ['queued', 'starting', 'ready'] as const)
      expect(kinds(service(), [build.job(phase)])).toEqual([]);
  });

  test('that is stopped ends its job, however far it is', () => {
    const stopped = service({ stopRequested: true });
    expect(kinds(stopped, [build.job('queued')])).toEqual(['cancel']);
    expect(kinds(stopped, [build.job('ready')])).toEqual(['drain']);
    expect(kinds(stopped, [build.job('draining')])).toEqual(['askToEnd']);
    const asked = build.job('draining', { endAskedAt: t0 });
    expect(kinds(stopped, [asked], t0 + second)).toEqual([]);
    expect(kinds(stopped, [asked], t0 + defaultPolicy.endGraceMs)).toEqual(['cancel']);
  });

  test('is not started again once it has come to its end, however it did', () => {
    const outcomes: readonly JobOutcome[] = [
      ...(['as_asked', 'timeout', 'failed', 'cancelled', 'preempted', 'node_failed'] as const),
      ...(['not_set_up', 'refused', 'lost'] as const),
    ];
    for (const outcome of outcomes) {
      const { actions, reason } = plan(service(), [ended(outcome)], t0 + 60 * minute);
      expect([outcome, actions, reason]).toEqual([outcome, [], 'why']);
    }
  });

  test('for which there was no room is tried again, a little later', () => {
    expect(kinds(service(), [ended('no_room')], t0 + second)).toEqual([]);
    const { actions, state } = plan(service(), [ended('no_room')], t0 + 10 * minute);
    expect(actions).toMatchObject([{ kind: 'intend', seq: 2 }]);
    expect(state).toBe('pending');
  });

  test('has no successor, even when its walltime is nearly over', () => {
    expect(kinds(service(), [build.job('ready')], t0 + 59 * minute)).toEqual([]);
  });
});

describe('a service that is kept', () => {
  const kept = service({}, { keep: true });

  test('has a successor in time, which takes over', () => {
    const old = build.job('ready');
    expect(kinds(kept, [old], t0 + 30 * minute)).toEqual([]);
    const due = plan(kept, [old], t0 + 50 * minute);
    expect(due.actions).toMatchObject([{ kind: 'intend', seq: 2, successorOf: 'j1' }]);
    const times = { startedAt: t0 + 50 * minute, endsAt: t0 + 110 * minute };
    const heir = build.job('ready', { seq: 2, successorOf: 'j1', ...times });
    expect(kinds(kept, [old, heir], t0 + 50 * minute)).toEqual(['drain']);
  });

  test('says that it failed until it runs again, and then no more', () => {
    const cancelled = ended('cancelled', { endedAt: t0 + minute, readyAt: t0 });
    const next = { seq: 2, intendedAt: t0 + 2 * minute };
    const told = (job: Job) => plan(kept, [cancelled, job], t0 + 3 * minute).reason;
    expect(told(build.job('starting', next))).toBe('Failed 1 of 3 times: why');
    expect(told(build.job('ready', { ...next, readyAt: t0 + 3 * minute }))).toBeNull();
  });

  test('is started again after a failure, three times in a row at most', () => {
    const failures = [1, 2, 3].map((seq) =>
      ended('failed', { seq, endedAt: t0 + seq * minute, intendedAt: t0 + seq * minute }),
    );
    const later = t0 + 60 * minute;
    expect(kinds(kept, failures.slice(0, 1), later)).toEqual(['intend']);
    expect(plan(kept, failures.slice(0, 1), later).state).toBe('pending');
    expect(kinds(kept, failures, later)).toEqual([]);
    expect(plan(kept, failures, later)).toMatchObject({ state: 'failed' });
  });
});

describe('people are told', () => {
  const state = (jobs: readonly Job[], what = service()) => plan(what, jobs).state;

  test.each<[ServiceState, Job]>([
    ['pending', build.job('intended')],
    ['pending', build.job('queued')],
    ['building', build.job('starting', { building: true })],
    ['starting', build.job('starting')],
    ['running', build.job('ready')],
    ['stopping', build.job('draining')],
    ['completed', { ...ended('timeout'), readyAt: t0 }],
    ['failed', { ...ended('timeout'), readyAt: null }],
    ['stopped', ended('as_asked')],
    ['stopped', ended('cancelled')],
    ['failed', ended('failed')],
    ['failed', ended('refused')],
    ['failed', ended('node_failed')],
    ['failed', ended('lost')],
  ])('%s', (told, job) => expect(state([job])).toBe(told));

  test('that it is being stopped, and that it was', () => {
    const stopped = service({ stopRequested: true });
    expect(state([build.job('ready')], stopped)).toBe('stopping');
    expect(state([ended('as_asked')], stopped)).toBe('stopped');
    expect(state([], stopped)).toBe('stopped');
    const kept = service({ stopRequested: true }, { keep: true });
    for (const jobs of [[], [ended('as_asked')], [ended('failed')]])
      expect(plan(kept, jobs)).toMatchObject({ state: 'stopped', reason: 'Ended as asked.' });
  });

  test('of the job that is furthest, while one takes over from another', () => {
    const kept = service({}, { keep: true });
    const heir = build.job('starting', { seq: 2, successorOf: 'j1' });
    expect(state([build.job('ready'), heir], kept)).toBe('running');
    expect(state([build.job('draining'), heir], kept)).toBe('starting');
  });
});
