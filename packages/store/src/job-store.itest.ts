import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type JobPatch, type Lease, LeaseLostError, type Stores } from '@wakefield/control';
import type { Job, JobPhase, Model } from '@wakefield/domain';
import { SAMPLE_NOW, type StoreFixture, storeFixture } from '@wakefield/testkit';
import fc from 'fast-check';

let fixture: StoreFixture;
let jobs: Stores['jobs'];
let other: Stores;
let model: Model;

beforeAll(async () => {
  fixture = await storeFixture();
  jobs = fixture.stores.jobs;
  other = fixture.another();
});
beforeEach(async () => {
  model = await fixture.model();
});
afterAll(() => fixture.close());

const over: JobPatch = { phase: 'ended', outcome: 'as_asked', endedAt: SAMPLE_NOW };

describe('patch', () => {
  test('every field is written and read back', async () => {
    const job = await fixture.job(model, 1);
    const patch: Required<JobPatch> = {
      phase: 'draining',
      outcome: 'node_failed',
      reason: 'log tail with \0 and ünïcode',
      clusterJobId: '4711',
      node: 'n01',
      address: { host: '10.0.0.1', port: 65535 },
      capacity: 64,
      submittedAt: SAMPLE_NOW + 1,
      startedAt: SAMPLE_NOW + 2,
      endsAt: SAMPLE_NOW + 3,
      forecastAt: SAMPLE_NOW + 9,
      expectedStart: { from: SAMPLE_NOW + 10, to: SAMPLE_NOW + 11, source: 'trial' },
      firstExpected: { from: SAMPLE_NOW + 12, to: SAMPLE_NOW + 13, source: 'history' },
      building: true,
      nodeLeaving: true,
      readyAt: SAMPLE_NOW + 4,
      drainUntil: SAMPLE_NOW + 5,
      endAskedAt: SAMPLE_NOW + 6,
      cancelledAt: SAMPLE_NOW + 7,
      endedAt: SAMPLE_NOW + 8,
    };
    const after = await jobs.patch(job.id, ['intended'], patch);
    expect(after).toEqual({ ...job, ...patch, reason: 'log tail with \uFFFD and ünïcode' });
    expect(await jobs.get(job.id)).toEqual(after);
    const gone = await jobs.patch(job.id, ['draining'], { address: null, node: null });
    expect(gone).toEqual({ ...after, address: null, node: null });
  });

  test('nothing is written when the job has moved on', async () => {
    const job = await fixture.job(model, 1, { phase: 'queued' });
    expect(await jobs.patch(job.id, ['intended', 'ready'], { phase: 'starting' })).toBeNull();
    expect(await jobs.patch(job.id, [], { reason: 'x' })).toBeNull();
    expect(await jobs.get(job.id)).toEqual(job);
    expect(await jobs.patch(randomUUID(), ['queued'], { reason: 'x' })).toBeNull();
    expect(await jobs.patch('nonsense', ['queued'], { reason: 'x' })).toBeNull();
  });

  test('nothing is written under a lease that was lost, and none of another job does', async () => {
    const job = await fixture.job(model, 1);
    const mine = await fixture.lease(model.id);
    const observer = await other.leases.acquire(`cluster:${model.cluster}`, 'o', 60_000);
    const foreign = await fixture.lease((await fixture.model()).id);
    if (observer === null) throw new Error('not held');
    const write = (reason: string, lease: Lease) =>
      jobs.patch(job.id, ['intended'], { reason }, { lease });
    expect(await write('a', mine)).toMatchObject({ reason: 'a' });
    expect(await write('b', observer)).toMatchObject({ reason: 'b' });
    await expect(write('c', foreign)).rejects.toThrow('is none on');
    await other.leases.release(observer);
    await expect(write('d', observer)).rejects.toBeInstanceOf(LeaseLostError);
    await other.leases.release(mine);
    await fixture.lease(model.id);
    await expect(write('e', mine)).rejects.toBeInstanceOf(LeaseLostError);
    expect(await jobs.get(job.id)).toMatchObject({ reason: 'b' });
  });

  test('a job that has moved or is leaving is not opened for the engine that was found', async () => {
    const engineAt = { host: 'cn01', port: 20_000 };
    const at = (address: Job['address'], more: JobPatch = {}) => ({
      phase: 'starting' as const,
      address,
      ...more,
    });
    const open = async (seq: number, patch: JobPatch) => {
      const { id } = await fixture.job(model, seq, patch);
      const to = { phase: 'ready', readyAt: SAMPLE_NOW } as const;
      return (await jobs.patch(id, ['starting'], to, { engineAt }))?.phase ?? null;
    };
    expect(await open(1, at(engineAt))).toBe('ready');
    expect(await open(2, at({ ...engineAt, port: 20_001 }))).toBeNull();
    expect(await open(3, at(null))).toBeNull();
    expect(await open(4, at(engineAt, { endAskedAt: SAMPLE_NOW }))).toBeNull();
    expect(await open(5, at(engineAt, { cancelledAt: SAMPLE_NOW }))).toBeNull();
  });

  test('an empty patch writes nothing and tells the job', async () => {
    const job = await fixture.job(model, 1);
    expect(await jobs.patch(job.id, ['intended'], {})).toEqual(job);
  });

  test('of two that want to move the job from one phase, one does', async () => {
    const job = await fixture.job(model, 1, { phase: 'starting' });
    const results = await Promise.all([
      jobs.patch(job.id, ['starting'], { phase: 'ready', readyAt: SAMPLE_NOW }),
      other.jobs.patch(job.id, ['starting'], over),
    ]);
    expect(results.filter((result) => result !== null)).toHaveLength(1);
  });

  test('whatever is written in whatever order, an ended job never comes back', async () => {
    const phases: JobPhase[] = ['intended', 'queued', 'starting', 'ready', 'draining', 'ended'];
    const step = fc.record({
      expected: fc.subarray(phases, { minLength: 1 }),
      to: fc.constantFrom(...phases),
      elsewhere: fc.boolean(),
    });
    const own = model;
    let seq = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
        seq += 1;
        const { id } = await fixture.job(own, seq);
        let endedOnce = false;
        for (const { expected, to, elsewhere } of steps) {
          const patch = to === 'ended' ? over : { phase: to };
          await (elsewhere ? other.jobs : jobs).patch(id, expected, patch);
          const phase = (await jobs.get(id))?.phase;
          expect(endedOnce && phase !== 'ended').toBe(false);
          endedOnce ||= phase === 'ended';
        }
      }),
      { numRuns: 30 },
    );
  }, 60_000);
});

describe('lists', () => {
  test('of a model: all live jobs and the newest ended ones, newest first', async () => {
    for (const seq of [1, 2, 3, 4]) await fixture.job(model, seq, over);
    await fixture.job(model, 5, { phase: 'queued' });
    await fixture.job(model, 6, over);
    await fixture.job(model, 7);
    const numbers = async (ended: number) =>
      (await jobs.listForModel(model.id, ended)).map(({ seq }) => seq);
    expect(await numbers(0)).toEqual([7, 5]);
    expect(await numbers(2)).toEqual([7, 6, 5, 4]);
    expect(await numbers(9)).toEqual([7, 6, 5, 4, 3, 2, 1]);
    expect(await jobs.listForModel(randomUUID(), 9)).toEqual([]);
    expect(await jobs.listForModel('nonsense', 9)).toEqual([]);
  });

  test('of many models: the same of each, in one query', async () => {
    for (const seq of [1, 2, 3, 5, 6, 7]) await fixture.job(model, seq, over);
    await fixture.job(model, 4);
    await fixture.moveTo('apart', model, 1, 2);
    const second = await fixture.model();
    await fixture.job(second, 1, over);
    await fixture.job(second, 2, over);
    await fixture.moveTo('gone', second, 2);
    const want = (modelId: string, ended: number) => ({
      modelId,
      clusters: ['here', 'apart'],
      ended,
    });
    const read = (...wanted: Parameters<typeof jobs.listForModels>[0]) =>
      jobs.listForModels([...wanted, want(randomUUID(), 9), want('nonsense', 9)]);
    const found = await read(want(model.id, 2), want(second.id, 1));
    expect(found.size).toBe(2);
    // However many ended on the one, those on the other are known; each model has a number of its own.
    expect(found.get(model.id)?.map(({ seq }) => seq)).toEqual([7, 6, 4, 2, 1]);
    // Names go on after the newest, wherever it was.
    expect(found.get(second.id)).toEqual(await jobs.listForModel(second.id, 9));
    expect((await read(want(model.id, 1))).get(model.id)?.map(({ seq }) => seq)).toEqual([7, 4, 2]);
    expect(await jobs.listForModels([])).toEqual(new Map());
  });

  test('of a project: live jobs of registered models', async () => {
    const sibling = await fixture.model({
      project: model.project,
      spec: { ...model.spec, hfModelId: 'b' },
    });
    const gone = await fixture.model({
      project: model.project,
      spec: { ...model.spec, hfModelId: 'c' },
      registered: false,
    });
    const wanted = [await fixture.job(model, 1), await fixture.job(sibling, 1, { phase: 'ready' })];
    await fixture.job(model, 2, over);
    await fixture.job(gone, 1);
    await fixture.job(await fixture.model(), 1);
    const listed = await jobs.listLiveForProject(model.project);
    expect(ids(listed)).toEqual(ids(wanted));
  });

  test('of a cluster: live jobs of everybody, counted by phase', async () => {
    const cluster = `c-${randomUUID()}`;
    const gone = await fixture.model({ cluster, registered: false });
    const wanted = [
      await fixture.job(gone, 1, { phase: 'queued' }),
      await fixture.job(gone, 2, { phase: 'queued' }),
      await fixture.job(await fixture.model({ cluster }), 1, { phase: 'ready' }),
    ];
    await fixture.job(gone, 3, over);
    expect(ids(await jobs.listLiveForCluster(cluster))).toEqual(ids(wanted));
    const counts = (await jobs.countLive()).filter((row) => row.cluster === cluster);
    expect(counts).toEqual([
      { cluster, phase: 'queued', count: 2 },
      { cluster, phase: 'ready', count: 1 },
    ]);
  });
});

function ids(list: readonly Job[]): string[] {
  return list.map(({ id }) => id).sort();
}

test('an unknown job has no key', async () => {
  expect(await jobs.engineKey(randomUUID())).toBeNull();
  expect(await jobs.engineKey('nonsense')).toBeNull();
  expect(await jobs.get('nonsense')).toBeNull();
});
