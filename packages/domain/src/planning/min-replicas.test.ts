import { describe, expect, test } from '@jest/globals';
import {
  commandContext,
  commandInput,
  demand,
  hour,
  job,
  minute,
  model,
  observed,
  spec,
  t0,
} from '../../test/builders.ts';
import { healthy, settled, until } from '../../test/recovery.ts';
import { createWorld } from '../../test/world.ts';
import {
  type CommandBody,
  type Demand,
  decideCommand,
  defaultPolicy,
  type Job,
  type Model,
  type ModelSpec,
  type Plan,
  reconcile,
} from '../index.ts';

const hfModelId = 'org/model';
const { now } = commandInput;
const decide = (body: CommandBody, before: Model | null, liveJobs: readonly Job[] = []) =>
  decideCommand(commandContext(body, { model: before, liveJobs }), commandInput);
const register = (over: Partial<ModelSpec>): CommandBody => ({
  kind: 'register',
  spec: spec(over),
});

describe('a registration with min_replicas', () => {
  test('wakes a new model at once, with as many jobs', () => {
    const { model: made } = decide(register({ minReplicas: 2 }), null);
    expect(made).toMatchObject({ idle: false, replicas: 2, lastWakeupAt: now });
    expect(decide(register({ minReplicas: 0 }), null).model).toMatchObject({
      idle: true,
      replicas: 1,
      lastWakeupAt: null,
    });
  });

  test('raised from 0 wakes a sleeping one; whoever put it to sleep otherwise has his way', () => {
    const asleep = model({ idle: true });
    const woken = decide(register({ minReplicas: 1 }), asleep).model;
    expect(woken).toMatchObject({ idle: false, lastWakeupAt: now });
    const kept = model({ idle: true, replicas: 2 }, { minReplicas: 2 });
    const changed = decide(register({ minReplicas: 3, idleTimeoutSeconds: 9 }), kept).model;
    expect(changed).toMatchObject({ idle: true, replicas: 3, lastWakeupAt: t0 });
  });

  test('lifts the number of jobs, and lowers none', () => {
    const grown = decide(register({ minReplicas: 3 }), model({ replicas: 1 })).model;
    expect(grown).toMatchObject({ replicas: 3, replicasChangedAt: now });
    const same = decide(register({ minReplicas: 1 }), model({ replicas: 3 })).model;
    expect(same).toMatchObject({ replicas: 3, replicasChangedAt: null });
  });

  test('lowered again, it takes back what it had lifted, and nothing that a person chose', () => {
    const lifted = model({ replicas: 3 }, { minReplicas: 3 });
    expect(decide(register({ minReplicas: 0 }), lifted).model).toMatchObject({ replicas: 1 });
    expect(decide(register({ minReplicas: 2 }), lifted).model).toMatchObject({ replicas: 2 });
    const scaled = model({ replicas: 4 }, { minReplicas: 3 });
    expect(decide(register({ minReplicas: 0 }), scaled).model).toMatchObject({ replicas: 4 });
    const adopted = decide(register({}), { ...lifted, registered: false }, [job('ready')]).model;
    expect(adopted).toMatchObject({ replicas: 1 });
  });

  test('after a DELETE it is up, with or without jobs to take over', () => {
    const gone = model({ registered: false, stopRequested: true });
    const alone = decide(register({ minReplicas: 2 }), gone).model;
    expect(alone).toMatchObject({ idle: false, replicas: 2, lastWakeupAt: now });
    const adopted = decide(register({ minReplicas: 2 }), gone, [job('ready')]).model;
    expect(adopted).toMatchObject({ idle: false, replicas: 2, lastWakeupAt: now });
  });
});

describe('scale', () => {
  const kept = model({ replicas: 2 }, { minReplicas: 2 });
  const scale = (replicas: number) => decide({ kind: 'scale', hfModelId, replicas }, kept);

  test.each([1, 5, -1, 2.5])('to %d is refused with the numbers that are allowed', (replicas) => {
    expect(scale(replicas).outcome).toMatchObject({
      status: 'rejected',
      param: 'replicas',
      message:
        'replicas must be 0 or a whole number from 2 to 4 (min_replicas and max_replicas of the model).',
    });
  });

  test('to 0 is sleep, until woken; sleep, too', () => {
    expect(scale(0).model).toMatchObject({ idle: true, replicas: 2 });
    const asleep = decide({ kind: 'sleep', hfModelId }, kept).model;
    expect(asleep).toMatchObject({ idle: true, replicas: 2 });
    const grown = model({ replicas: 4 }, { minReplicas: 2, autoscale: true });
    expect(decide({ kind: 'sleep', hfModelId }, grown).model).toMatchObject({ replicas: 2 });
    expect(decide({ kind: 'wake', hfModelId }, kept).model?.idle).toBe(false);
  });
});

describe('the idle timeout', () => {
  const muchLater = t0 + 2 * hour;
  const jobs = [1, 2, 3].map((seq) => job('ready', { seq, endsAt: t0 + 24 * hour }));
  const plan = (desired: Model, load: Demand, at = muchLater): Plan =>
    reconcile(desired, observed(jobs, { demand: load }), defaultPolicy, at);
  const kept = (autoscale: boolean) => model({ replicas: 3 }, { minReplicas: 1, autoscale });

  test('scales down to min_replicas instead of to sleep', () => {
    const result = plan(kept(true), demand());
    expect(result.patch).toEqual({
      replicas: 1,
      replicasChangedAt: muchLater,
    });
    expect(result.actions.map(({ kind }) => kind)).toEqual(['drain', 'drain']);
    expect(result.because).toContain('idle timeout: keeps min_replicas');
    expect(result.state).toBe('ready');
  });

  test('a number that a person chose is back with the next request', () => {
    const result = plan(kept(false), demand());
    expect(result.patch).toEqual({});
    expect(result.actions.map(({ kind }) => kind)).toEqual(['drain', 'drain']);
    expect(plan(kept(false), demand({ running: 1 })).actions).toEqual([]);
    expect(plan(kept(false), demand({ lastRequestAt: muchLater - minute })).actions).toEqual([]);
  });

  test('nothing happens before it, nor while demand is unknown', () => {
    expect(plan(kept(true), demand(), t0 + minute).actions).toEqual([]);
    expect(plan(kept(false), null).actions).toEqual([]);
  });
});

test('two days without a request: min_replicas jobs are up all the time, over every handover', () => {
  const world = createWorld(
    healthy,
    model({ idle: true, lastWakeupAt: null }, { idleTimeoutSeconds: 60 }),
  );
  world.command(register({ minReplicas: 2, autoscale: true, idleTimeoutSeconds: 60 }));
  until(world, settled, 120);
  for (let passed = 0; passed < 48 * 120; passed += 1) {
    world.tick(30);
    const ready = world.live().filter(({ phase }) => phase === 'ready');
    expect(ready.length).toBeGreaterThanOrEqual(2);
    expect(world.model.replicas).toBe(2);
  }
  expect(world.rows.size).toBeGreaterThan(80);
  world.command({ kind: 'sleep', hfModelId });
  until(world, ({ rows }) => [...rows.values()].every(({ phase }) => phase === 'ended'), 900);
  world.tick(3_600);
  expect(world.model.idle).toBe(true);
  expect(world.live()).toEqual([]);
});
