import { describe, expect, test } from '@jest/globals';
import { demand, hour, job, model, observed, second, t0 } from '../../../test/builders.ts';
import {
  type Demand,
  defaultPolicy,
  type Job,
  type Model,
  type ModelSpec,
  type Plan,
  type Policy,
  reconcile,
  scaledTo,
} from '../../index.ts';

/** Jobs that are ready have been so for long enough to show what they take. */
const now = t0 + 20 * second;
/** Ten requests per job: one more above 8, one fewer where the rest is at most half full. */
const policy: Policy = { ...defaultPolicy, assumedCapacity: 10, scaleUpAt: 0.8, scaleDownAt: 0.5 };
const scaled = (over: Partial<Model> = {}, specOver: Partial<ModelSpec> = {}): Model =>
  model(over, { autoscale: true, ...specOver });
const ready = (count: number, over: Partial<Job> = {}): Job[] =>
  Array.from({ length: count }, (_, index) => job('ready', { seq: index + 1, ...over }));
const plan = (desired: Model, jobs: readonly Job[], load: Demand, at = now): Plan =>
  reconcile(desired, observed(jobs, { demand: load }), policy, at);

describe('up', () => {
  test.each<[string, number, number, number, number | undefined]>([
    ['at the mark: stays', 1, 8, 0, undefined],
    ['above the mark', 1, 9, 0, 2],
    ['held requests count', 1, 0, 9, 2],
    ['running and held', 1, 5, 4, 2],
    ['as many as needed', 1, 25, 0, 4],
    ['not beyond max_replicas', 1, 500, 0, 4],
    ['at max_replicas', 4, 500, 0, undefined],
    ['the load of two fits two', 2, 16, 0, undefined],
  ])('%s', (_name, replicas, running, held, expected) => {
    const { patch, actions } = plan(
      scaled({ replicas }),
      ready(replicas),
      demand({ running, held }),
    );
    expect(patch.replicas).toBe(expected);
    expect(patch.replicasChangedAt).toBe(expected === undefined ? undefined : now);
    expect(actions).toHaveLength((expected ?? replicas) - replicas);
  });

  test('jobs that still wait count: the same load asks for no more', () => {
    const jobs = [...ready(1), job('queued', { seq: 2 }), job('starting', { seq: 3 })];
    const result = plan(scaled({ replicas: 3 }), jobs, demand({ running: 10, held: 14 }));
    expect(result).toMatchObject({ actions: [], patch: { lastRequestAt: now } });
    expect(result.patch.replicas).toBeUndefined();
  });

  test('the capacity that the engine names counts', () => {
    const load = demand({ running: 40 });
    expect(plan(scaled(), ready(1, { capacity: 64 }), load).patch.replicas).toBeUndefined();
    expect(plan(scaled(), ready(1, { capacity: 32 }), load).patch.replicas).toBe(2);
    expect(plan(scaled(), ready(1, { capacity: 0 }), load).patch.replicas).toBe(4);
    expect(scaledTo({ replicas: 4 })).toBe(4);
  });

  test('the capacity of an older version of the model does not', () => {
    const jobs = [job('ready', { capacity: 2, revision: 0 }), job('ready', { seq: 2 })];
    expect(plan(scaled(), jobs, demand({ running: 8 })).patch.replicas).toBeUndefined();
  });

  test('cools down first', () => {
    const changed = scaled({ replicasChangedAt: t0 });
    const load = demand({ running: 9 });
    const at = t0 + policy.scaleUpCooldownMs;
    const early = plan(changed, ready(1), load, at - 1);
    expect(early.patch.replicas).toBeUndefined();
    expect(early.lookAgainAt).toBe(at);
    expect(plan(changed, ready(1), load, at).patch.replicas).toBe(2);
  });

  test('on a part of the demand that is too much already: a proxy that is missing adds to it', () => {
    const part = demand({ running: 40, isWhole: false });
    const whole = plan(scaled(), ready(1), demand({ running: 40 }));
    expect(whole.patch.replicas).toBe(4);
    expect(plan(scaled(), ready(1), part).patch).toEqual(whole.patch);
  });

  test.each<[string, Model, Demand]>([
    ['not without autoscale', model(), demand({ running: 99 })],
    ['not on unknown demand', scaled(), null],
    ['not on a part that fits', scaled(), demand({ running: 8, isWhole: false })],
  ])('%s', (_name, desired, load) => {
    expect(plan(desired, ready(1), load).patch.replicas).toBeUndefined();
  });
});

describe('up: an engine of which nothing is known', () => {
  const load = demand({ held: 40 });

  test('is started first: a burst that wakes a model starts no more by an assumption', () => {
    for (const jobs of [[], [job('queued')], [job('starting')]])
      expect(plan(scaled(), jobs, load).patch.replicas).toBeUndefined();
    expect(plan(scaled(), [job('queued', { capacity: 10 })], load).patch.replicas).toBe(4);
  });

  test('shows what it takes within some seconds', () => {
    const at = t0 + 10 * second;
    const early = plan(scaled(), ready(1), demand({ running: 40 }), at - 1);
    expect(early.patch.replicas).toBeUndefined();
    expect(early.lookAgainAt).toBe(at);
    expect(plan(scaled(), ready(1), demand({ running: 40 }), at).patch.replicas).toBe(4);
  });
});

describe('up: what counts as load', () => {
  test('a burst of a moment does not: the average of the last seconds does', () => {
    const burst = demand({ running: 60, average: 7 });
    expect(plan(scaled(), ready(1), burst).patch.replicas).toBeUndefined();
    const steady = demand({ running: 3, average: 17 });
    expect(plan(scaled(), ready(1), steady).patch.replicas).toBe(3);
  });

  test('who is held waits now: they count at once, whatever the average and the last change', () => {
    const changed = scaled({ replicasChangedAt: now });
    const load = demand({ running: 2, held: 15, average: 1 });
    expect(plan(changed, [job('starting', { capacity: 10 })], load).patch.replicas).toBe(3);
  });

  test('what was surplus is so no longer', () => {
    const before = scaled({ replicas: 2, surplusSince: t0 });
    expect(plan(before, ready(2), demand({ running: 17 })).patch).toMatchObject({
      replicas: 3,
      surplusSince: null,
    });
    expect(plan(before, ready(2), demand({ running: 9 })).patch.surplusSince).toBeNull();
    expect(plan(before, ready(2), null).patch).toEqual({ surplusSince: null });
  });
});

describe('down', () => {
  /** Surplus for longer than any cooldown. */
  const lately = (over: Partial<Model>, specOver: Partial<ModelSpec> = {}): Model =>
    scaled({ surplusSince: now - hour, ...over }, specOver);

  test.each<[string, number, number, number | undefined]>([
    ['one at a time', 4, 1, 3],
    ['the rest would be half full', 2, 5, 1],
    ['the rest would be fuller', 2, 6, undefined],
    ['never to none', 1, 0, undefined],
  ])('%s', (_name, replicas, running, expected) => {
    const { patch } = plan(lately({ replicas }), ready(replicas), demand({ running }));
    expect(patch.replicas).toBe(expected);
  });

  test('not below min_replicas', () => {
    const desired = lately({ replicas: 3 }, { minReplicas: 3 });
    expect(plan(desired, ready(3), demand({ running: 1 })).patch.replicas).toBeUndefined();
  });

  test.each<[string, Demand]>([
    ['not on average', demand({ running: 1, average: 6 })],
    ['not right now', demand({ running: 6, average: 1 })],
    ['somebody waits', demand({ held: 1, average: 0 })],
  ])('low, but %s: stays', (_name, load) => {
    const { patch } = plan(lately({ replicas: 2 }), ready(2), load);
    expect(patch.replicas).toBeUndefined();
    expect(patch.surplusSince).toBeNull();
  });

  test('only what was too much for a whole cooldown', () => {
    const load = demand({ running: 1 });
    const cooldown = policy.scaleDownCooldownMs;
    const first = plan(scaled({ replicas: 3 }), ready(3), load, now);
    expect(first.patch).toMatchObject({ surplusSince: now });
    expect(first.patch.replicas).toBeUndefined();
    const waiting = scaled({ replicas: 3, surplusSince: now });
    const early = plan(waiting, ready(3), load, now + cooldown - 1);
    expect(early.patch.replicas).toBeUndefined();
    expect(early.lookAgainAt).toBe(now + cooldown);
    expect(plan(waiting, ready(3), load, now + cooldown).patch).toMatchObject({
      replicas: 2,
      replicasChangedAt: now + cooldown,
      surplusSince: now + cooldown,
    });
  });

  test('cools down longer', () => {
    const changed = lately({ replicas: 2, replicasChangedAt: t0 });
    const load = demand({ running: 1 });
    const at = t0 + policy.scaleDownCooldownMs;
    expect(plan(changed, ready(2), load, at - 1).patch.replicas).toBeUndefined();
    expect(plan(changed, ready(2), load, at).patch.replicas).toBe(1);
  });

  test('the idlest goes, the oldest among equals, drained', () => {
    const load = demand({ running: 3, runningByJob: { j1: 1, j2: 0, j3: 2 } });
    expect(plan(lately({ replicas: 3 }), ready(3), load).actions).toMatchObject([
      { kind: 'drain', jobId: 'j2' },
    ]);
    expect(plan(lately({ replicas: 3 }), ready(3), demand({ running: 1 })).actions).toMatchObject([
      { kind: 'drain', jobId: 'j1' },
    ]);
  });

  test.each<[Job['phase'], Job['phase'], string]>([
    ['starting', 'queued', 'j3'],
    ['queued', 'starting', 'j2'],
    ['queued', 'queued', 'j3'],
  ])(
    'pending ones go before ready ones, the least advanced first: %s, %s',
    (second, third, jobId) => {
      const jobs = [...ready(1), job(second, { seq: 2 }), job(third, { seq: 3 })];
      expect(plan(lately({ replicas: 3 }), jobs, demand({ running: 1 })).actions).toEqual([
        { kind: 'cancel', jobId },
      ]);
    },
  );

  test('none that loads while somebody waits', () => {
    const jobs = [job('starting'), job('starting', { seq: 2 }), job('queued', { seq: 3 })];
    const lowered = scaled({ replicas: 3 }, { maxReplicas: 1 });
    const cancelled = (load: Demand) =>
      plan(lowered, jobs, load).actions.map((action) => 'jobId' in action && action.jobId);
    expect(cancelled(demand({ held: 1 }))).toEqual(['j3']);
    expect(cancelled(demand())).toEqual(['j3', 'j2']);
  });
});

describe('min_replicas', () => {
  test('as many as that are up, whatever the load', () => {
    const desired = scaled({ replicas: 1 }, { minReplicas: 2 });
    expect(plan(desired, ready(1), demand({ running: 1 })).actions).toHaveLength(1);
    expect(plan(desired, ready(2), demand({ running: 1 })).actions).toEqual([]);
  });
});

test('a number set by hand is brought about as it is', () => {
  const jobs = ready(2);
  expect(plan(model({ replicas: 4 }), jobs, demand()).actions).toHaveLength(2);
  expect(plan(model({ replicas: 1 }), jobs, demand()).actions).toMatchObject([{ kind: 'drain' }]);
  expect(plan(model({ replicas: 2 }), jobs, demand(), t0 + hour / 60).actions).toEqual([]);
});

test('the defaults do not swing: what scales down would not scale up again', () => {
  expect(1 - defaultPolicy.scaleDownAt).toBeLessThan(defaultPolicy.scaleUpAt);
});
