import { describe, expect, test } from '@jest/globals';
import { demand, hour, job, model, observed, second, t0 } from '../test/builders.ts';
import {
  type Demand,
  defaultPolicy,
  type Job,
  type Model,
  type ModelSpec,
  type Plan,
  type Policy,
  reconcile,
} from './index.ts';

const now = t0 + second;
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

  test.each<[string, Model, Demand]>([
    ['not without autoscale', model(), demand({ running: 99 })],
    ['not on unknown demand', scaled(), null],
  ])('%s', (_name, desired, load) => {
    expect(plan(desired, ready(1), load).patch.replicas).toBeUndefined();
  });
});

describe('down', () => {
  test.each<[string, number, number, number | undefined]>([
    ['one at a time', 4, 1, 3],
    ['the rest would be half full', 2, 5, 1],
    ['the rest would be fuller', 2, 6, undefined],
    ['never to none', 1, 0, undefined],
  ])('%s', (_name, replicas, running, expected) => {
    const { patch } = plan(scaled({ replicas }), ready(replicas), demand({ running }));
    expect(patch.replicas).toBe(expected);
  });

  test('cools down longer', () => {
    const changed = scaled({ replicas: 2, replicasChangedAt: t0 });
    const load = demand({ running: 1 });
    const at = t0 + policy.scaleDownCooldownMs;
    expect(plan(changed, ready(2), load, at - 1).patch.replicas).toBeUndefined();
    expect(plan(changed, ready(2), load, at).patch.replicas).toBe(1);
  });

  test('the idlest goes, the oldest among equals', () => {
    const load = demand({ running: 3, runningByJob: { j1: 1, j2: 0, j3: 2 } });
    expect(plan(scaled({ replicas: 3 }), ready(3), load).actions).toMatchObject([
      { kind: 'drain', jobId: 'j2' },
    ]);
    expect(plan(scaled({ replicas: 3 }), ready(3), demand({ running: 1 })).actions).toMatchObject([
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
      expect(plan(scaled({ replicas: 3 }), jobs, demand({ running: 1 })).actions).toEqual([
        { kind: 'cancel', jobId },
      ]);
    },
  );
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
