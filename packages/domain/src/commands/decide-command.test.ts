import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  commandContext,
  commandInput,
  job,
  minute,
  model,
  project,
  spec,
  t0,
} from '../../test/builders.ts';
import {
  type CommandBody,
  decideCommand,
  type Model,
  type ModelSpec,
  noLimits,
  noTimeouts,
} from '../index.ts';

const now = t0 + minute;
const decide = (
  body: CommandBody,
  over: Parameters<typeof commandContext>[1] = {},
  input = commandInput,
) => decideCommand(commandContext(body, over), input);
const applied = (created: boolean) => ({ status: 'applied', created });
const hfModelId = 'org/model';

describe('activate', () => {
  test('makes the project on the named cluster, or on the default one', () => {
    const made = { name: 'demo', clusters: ['c2'], createdAt: now, updatedAt: now };
    expect(decide({ kind: 'activate', cluster: 'c2' }, { project: null })).toEqual({
      outcome: applied(true),
      project: made,
    });
    expect(decide({ kind: 'activate', cluster: null }, { project: null }).project).toEqual({
      ...made,
      clusters: ['c1'],
    });
  });

  test('again changes nothing; another cluster is added behind the first', () => {
    for (const cluster of [null, 'c1']) {
      const again = decide({ kind: 'activate', cluster });
      expect(again).toEqual({ outcome: applied(false), project: project() });
    }
    expect(decide({ kind: 'activate', cluster: 'c2' })).toEqual({
      outcome: applied(false),
      project: project({ clusters: ['c1', 'c2'], updatedAt: now }),
    });
  });

  test('without any cluster is refused by name', () => {
    const none = { ...commandInput, defaultCluster: null };
    const { outcome } = decide({ kind: 'activate', cluster: null }, { project: null }, none);
    expect(outcome).toMatchObject({ code: 'invalid_request', param: 'cluster' });
  });
});

describe('register', () => {
  const register = (over: Partial<ModelSpec> = {}): CommandBody => ({
    kind: 'register',
    spec: spec(over),
  });

  test('a new model is asleep on the cluster of its project', () => {
    expect(decide(register())).toEqual({
      outcome: applied(true),
      model: {
        id: 'new-model',
        project: 'demo',
        cluster: 'c1',
        spec: spec(),
        revision: 1,
        registered: true,
        stopRequested: false,
        idle: true,
        replicas: 1,
        replicasChangedAt: null,
        surplusSince: null,
        lastWakeupAt: null,
        lastRequestAt: null,
        generation: 1,
        traceId: 'new-trace',
        createdAt: now,
        updatedAt: now,
      },
    });
  });

  test('in an unknown project, or on a cluster that the project is not activated on: refused', () => {
    expect(decide(register(), { project: null }).outcome).toMatchObject({
      status: 'rejected',
      code: 'project_not_found',
    });
    const elsewhere = decide(register({ cluster: 'c9' }));
    expect(elsewhere.outcome).toMatchObject({ status: 'rejected', param: 'cluster' });
    expect(elsewhere.model).toBeUndefined();
    const second = decide(register({ cluster: 'c1', otherClusters: ['c9'] }));
    expect(second.outcome).toMatchObject({ status: 'rejected', param: 'clusters' });
    expect(second.outcome).toMatchObject({ message: expect.stringContaining('cluster c9') });
  });

  test('the same again changes nothing but the generation', () => {
    const before = model();
    expect(decide(register(), { model: before })).toEqual({
      outcome: applied(false),
      model: { ...before, generation: 2, traceId: 'new-trace' },
    });
  });

  test.each<[string, Partial<ModelSpec>, number]>([
    ['idle timeout: running jobs are fine', { idleTimeoutSeconds: 1 }, 1],
    ['walltime: the next job has it', { walltimeSeconds: 60 }, 1],
    ['the default cluster by its name', { cluster: 'c1' }, 1],
    ['engine', { engine: 'sglang' }, 2],
    ['GPUs', { gpuCount: 2 }, 2],
    ['engine arguments', { engineArgs: { max_model_len: 1 } }, 2],
    ['resources', { resources: { nodes: 1, cpus: 4, memory: null } }, 2],
    ['timeouts: engines know nothing of them', { timeouts: { ...noTimeouts, totalSeconds: 9 } }, 1],
    ['limits: engines know nothing of them', { limits: { ...noLimits, requestsPerMinute: 9 } }, 1],
    ['cluster: a job is judged by its own', { cluster: 'c2' }, 1],
    ['list of clusters', { cluster: 'c1', otherClusters: ['c2'] }, 1],
    ['order of clusters', { cluster: 'c2', otherClusters: ['c1'] }, 1],
  ])('a changed %s', (_name, change, revision) => {
    const clusters = project({ clusters: ['c1', 'c2'] });
    const effect = decide(register(change), { model: model(), project: clusters });
    expect(effect.outcome).toEqual(applied(false));
    expect(effect.model).toMatchObject({ revision, idle: false, lastWakeupAt: t0, updatedAt: now });
    expect(effect.model?.spec).toEqual(spec(change));
    expect(effect.model?.cluster).toBe(change.cluster ?? 'c1');
  });

  test('a lower max_replicas lowers the number of replicas', () => {
    const effect = decide(register({ maxReplicas: 2 }), { model: model({ replicas: 4 }) });
    expect(effect.model).toMatchObject({ replicas: 2, replicasChangedAt: now });
  });

  const gone = model({ registered: false, stopRequested: true, replicas: 3, lastRequestAt: t0 });

  test('after a DELETE it adopts the jobs that still serve, and is awake', () => {
    const effect = decide(register(), { model: gone, liveJobs: [job('ready')] });
    expect(effect.outcome).toEqual(applied(true));
    expect(effect.model).toMatchObject({
      id: 'm1',
      registered: true,
      stopRequested: false,
      idle: false,
      replicas: 3,
      lastWakeupAt: now,
      revision: 1,
      createdAt: now,
    });
  });

  test('after a DELETE without jobs, or with jobs on their way out only, it is asleep', () => {
    for (const liveJobs of [[], [job('draining')], [job('queued', { cancelledAt: t0 })]]) {
      const effect = decide(register(), { model: gone, liveJobs });
      expect(effect.outcome).toEqual(applied(true));
      expect(effect.model).toMatchObject({
        idle: true,
        replicas: 1,
        lastWakeupAt: null,
        lastRequestAt: null,
      });
    }
  });
});

describe('commands on a registered model', () => {
  const bodies: CommandBody[] = [
    { kind: 'wake', hfModelId },
    { kind: 'sleep', hfModelId },
    { kind: 'scale', hfModelId, replicas: 1 },
    { kind: 'unregister', hfModelId, stop: false },
  ];

  test.each(bodies)('$kind: unknown model and unknown project are refused', (body) => {
    const refused = { status: 'rejected', code: 'model_not_found', param: 'hf_model_id' };
    expect(decide(body).outcome).toMatchObject(refused);
    expect(decide(body, { model: model({ registered: false }) }).outcome).toMatchObject(refused);
    expect(decide(body, { project: null }).outcome).toMatchObject({ code: 'project_not_found' });
  });

  const change = (body: CommandBody, before: Model): Partial<Model> => {
    const effect = decide(body, { model: before });
    expect(effect.outcome).toEqual(applied(false));
    expect(effect.model).toMatchObject({ generation: 2, traceId: 'new-trace' });
    const after = Object.entries(effect.model ?? {}).filter(
      ([key, value]) =>
        !['generation', 'traceId'].includes(key) && before[key as keyof Model] !== value,
    );
    return Object.fromEntries(after);
  };

  test('wake', () => {
    const woken = { lastWakeupAt: now, updatedAt: now };
    expect(change({ kind: 'wake', hfModelId }, model({ idle: true }))).toEqual({
      ...woken,
      idle: false,
    });
    expect(change({ kind: 'wake', hfModelId }, model())).toEqual(woken);
  });

  test('sleep; an autoscaled model starts small again', () => {
    const sleep: CommandBody = { kind: 'sleep', hfModelId };
    expect(change(sleep, model({ replicas: 3 }))).toEqual({ idle: true, updatedAt: now });
    expect(change(sleep, model({ idle: true }))).toEqual({});
    expect(change(sleep, model({ replicas: 3, surplusSince: t0 }, { autoscale: true }))).toEqual({
      idle: true,
      replicas: 1,
      replicasChangedAt: now,
      surplusSince: null,
      updatedAt: now,
    });
  });

  test('scale', () => {
    expect(
      change({ kind: 'scale', hfModelId, replicas: 3 }, model({ idle: true, surplusSince: t0 })),
    ).toEqual({
      idle: false,
      replicas: 3,
      replicasChangedAt: now,
      surplusSince: null,
      lastWakeupAt: now,
      updatedAt: now,
    });
    expect(change({ kind: 'scale', hfModelId, replicas: 0 }, model({ replicas: 2 }))).toEqual({
      idle: true,
      updatedAt: now,
    });
  });

  test.each([5, -1, 1.5, Number.NaN])('scale to %d is refused by name', (replicas) => {
    const effect = decide({ kind: 'scale', hfModelId, replicas }, { model: model() });
    expect(effect.outcome).toMatchObject({ code: 'invalid_request', param: 'replicas' });
    expect(effect.model).toBeUndefined();
  });

  test.each([true, false])('unregister with stop=%s', (stop) => {
    expect(change({ kind: 'unregister', hfModelId, stop }, model())).toEqual({
      registered: false,
      updatedAt: now,
      ...(stop ? { stopRequested: true } : {}),
    });
  });
});

describe('properties', () => {
  const replicas = fc.integer({ min: -1, max: 6 });
  const body: fc.Arbitrary<CommandBody> = fc.oneof(
    fc.constantFrom<CommandBody>(
      { kind: 'wake', hfModelId },
      { kind: 'sleep', hfModelId },
      { kind: 'unregister', hfModelId, stop: true },
      { kind: 'unregister', hfModelId, stop: false },
      { kind: 'register', spec: spec() },
      { kind: 'register', spec: spec({ gpuCount: 2, maxReplicas: 2 }) },
    ),
    replicas.map((count): CommandBody => ({ kind: 'scale', hfModelId, replicas: count })),
  );

  test('any history: one id, wanted replicas within bounds, never back in generation', () => {
    fc.assert(
      fc.property(fc.array(body, { maxLength: 12 }), (history) => {
        let current: Model | null = null;
        for (const [index, next] of history.entries()) {
          const input = { ...commandInput, now: now + index, newModelId: `id-${index}` };
          const before: Model | null = current;
          const effect = decide(next, { model: before }, input);
          current = effect.model ?? before;
          if (effect.outcome.status === 'rejected') expect(effect.model).toBeUndefined();
          if (current === null || before === null) continue;
          expect(current.id).toBe(before.id);
          expect(current.generation).toBeGreaterThanOrEqual(before.generation);
          expect(current.revision).toBeGreaterThanOrEqual(before.revision);
          expect(current.replicas).toBeGreaterThanOrEqual(1);
          expect(current.replicas).toBeLessThanOrEqual(current.spec.maxReplicas);
        }
      }),
    );
  });

  test('the same twice is the same once', () => {
    fc.assert(
      fc.property(fc.boolean(), fc.boolean(), body, (idle, autoscale, next) => {
        const before = model({ idle, replicas: 2 }, { autoscale });
        const once = decide(next, { model: before }).model;
        if (once === undefined || !once.registered) return;
        const twice = decide(next, { model: once }).model;
        expect(twice).toEqual({ ...once, generation: once.generation + 1 });
      }),
    );
  });
});
