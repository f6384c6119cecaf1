import { describe, expect, test } from '@jest/globals';
import { demand, hour, job, minute, model, observed, second, t0 } from '../../../test/builders.ts';
import {
  type Demand,
  defaultPolicy,
  type Job,
  type Model,
  type Plan,
  reconcile,
  scaledTo,
} from '../../index.ts';

/** Default idle timeout of the model in these tests. */
const timeout = 10 * minute;
const plan = (desired: Model, jobs: readonly Job[], load: Demand, at: number): Plan =>
  reconcile(desired, observed(jobs, { demand: load }), defaultPolicy, at);
const sleeps = ({ patch }: Plan): boolean => patch.idle === true;

describe('idle timeout', () => {
  test.each<[string, Partial<Model>, readonly Job[], Demand, number]>([
    ['since the wakeup', {}, [job('ready')], demand(), t0],
    ['since a later wakeup', { lastWakeupAt: t0 + minute }, [job('ready')], demand(), t0 + minute],
    ['since the last request', { lastRequestAt: t0 + hour }, [job('ready')], demand(), t0 + hour],
    [
      'since the last request that a proxy knows',
      { lastRequestAt: t0 + 1 },
      [job('ready')],
      demand({ lastRequestAt: t0 + minute }),
      t0 + minute,
    ],
    [
      'since it was first ready',
      {},
      [job('ready', { readyAt: t0 + 2 * hour })],
      demand(),
      t0 + 2 * hour,
    ],
    [
      'not since its successor was ready',
      {},
      [job('ready'), job('ready', { seq: 2, readyAt: t0 + 54 * minute, successorOf: 'j1' })],
      demand(),
      t0,
    ],
    [
      'not since the replacement of a job that served',
      {},
      [
        job('ended', { outcome: 'timeout', readyAt: t0, endedAt: t0 + minute }),
        job('ready', { seq: 2, readyAt: t0 + 2 * minute }),
      ],
      demand(),
      t0,
    ],
  ])('counts %s', (_name, over, jobs, load, since) => {
    expect(sleeps(plan(model(over), jobs, load, since + timeout))).toBe(false);
    expect(sleeps(plan(model(over), jobs, load, since + timeout + 1))).toBe(true);
  });

  const muchLater = t0 + 10 * hour;
  test.each<[string, readonly Job[], Demand]>([
    ['demand is unknown', [job('ready')], null],
    ['a request runs', [job('ready')], demand({ running: 1 })],
    ['a request waits', [job('ready')], demand({ held: 1 })],
    ['its first job still waits in the queue', [job('queued')], demand()],
    ['its first job still loads', [job('starting')], demand()],
    [
      'the jobs of the time before the wakeup do not count',
      [
        job('ended', { outcome: 'as_asked', readyAt: t0 - hour, endedAt: t0 - minute }),
        job('queued', { seq: 2 }),
      ],
      demand(),
    ],
  ])('stays awake: %s', (_name, jobs, load) => {
    expect(sleeps(plan(model(), jobs, load, muchLater))).toBe(false);
  });

  test('a successor whose predecessor is forgotten does not restart the clock', () => {
    const heir = job('ready', { seq: 9, readyAt: t0 + 9 * hour, successorOf: 'j8' });
    expect(sleeps(plan(model(), [heir], demand(), t0 + 9 * hour))).toBe(true);
  });

  test('says what keeps it awake', () => {
    const because = (load: Demand) => plan(model(), [job('ready')], load, t0).because;
    expect(because(demand({ held: 1 }))).toEqual(['has requests: stays awake']);
    expect(because(null)).toEqual(['demand is unknown: stays awake']);
    expect(because(demand())).toEqual(['used lately']);
  });

  test('a replacement that waits in the queue does not keep an unused model awake', () => {
    const jobs = [
      job('ended', { outcome: 'preempted', readyAt: t0, endedAt: t0 + minute }),
      job('queued', { seq: 2 }),
    ];
    const result = plan(model(), jobs, demand(), muchLater);
    expect(sleeps(result)).toBe(true);
    expect(result.actions).toEqual([{ kind: 'cancel', jobId: 'j2' }]);
  });

  test('falling asleep drains at once, and an autoscaled model starts small again', () => {
    const result = plan(
      model({ replicas: 2, surplusSince: t0 }, { autoscale: true }),
      [job('ready')],
      demand(),
      muchLater,
    );
    expect(result.patch).toEqual({
      idle: true,
      replicas: 1,
      replicasChangedAt: muchLater,
      surplusSince: null,
    });
    expect(result.actions.map(({ kind }) => kind)).toEqual(['drain']);
    expect(scaledTo(result.patch)).toBeNull();
    const manual = plan(model({ replicas: 2 }), [job('ready')], demand(), muchLater);
    expect(manual.patch).toEqual({ idle: true });
  });

  test('a failed model keeps its reason', () => {
    const failed = [1, 2, 3].map((seq) =>
      job('ended', {
        seq,
        outcome: 'failed',
        reason: `no ${seq}`,
        intendedAt: t0 + seq * minute,
        readyAt: t0 + seq * minute + 1,
        endedAt: t0 + seq * minute + 2,
      }),
    );
    const result = plan(model(), failed, demand(), muchLater);
    expect(result).toMatchObject({ patch: {}, actions: [], state: 'failed', reason: 'no 3' });
  });
});

describe('the last request is remembered', () => {
  const now = t0 + minute;
  test.each<[string, Partial<Model>, Demand, number | undefined]>([
    ['running: now', {}, demand({ running: 1, lastRequestAt: t0 }), now],
    ['held: now', {}, demand({ held: 1 }), now],
    ['seen', {}, demand({ lastRequestAt: t0 + second }), t0 + second],
    ['seen by a proxy whose clock is ahead', {}, demand({ lastRequestAt: now + hour }), now],
    ['known better', { lastRequestAt: t0 + 2 }, demand({ lastRequestAt: t0 + 1 }), undefined],
    ['none', {}, demand(), undefined],
    ['unknown', { lastRequestAt: t0 }, null, undefined],
  ])('%s', (_name, over, load, expected) => {
    const { patch } = plan(model(over), [job('ready')], load, now);
    expect(patch.lastRequestAt).toBe(expected);
  });
});
