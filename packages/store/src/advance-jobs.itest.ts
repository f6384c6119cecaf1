import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { LeaseLostError, type Stores } from '@wakefield/control';
import type { Model } from '@wakefield/domain';
import { SAMPLE_NOW, type StoreFixture, storeFixture } from '@wakefield/testkit';

let fixture: StoreFixture;
let jobs: Stores['jobs'];
let model: Model;

beforeAll(async () => {
  fixture = await storeFixture();
  jobs = fixture.stores.jobs;
});
beforeEach(async () => {
  model = await fixture.model();
});
afterAll(() => fixture.close());

describe('many jobs of a cluster', () => {
  test('are moved on in one transaction: those that have not moved by themselves, each with its own change', async () => {
    const lease = await fixture.stores.leases.acquire(`cluster:${model.cluster}`, 'tester', 60_000);
    if (lease === null) throw new Error('not held');
    const queued = await fixture.job(model, 1);
    const started = await fixture.job(model, 2);
    const gone = await fixture.job(model, 3);
    const unsaid = await fixture.job(model, 4);
    await jobs.patch(gone.id, ['intended'], { phase: 'queued' });
    const dueCount = (await fixture.stores.models.get(model.id))?.dueCount ?? 0;
    const revision = await fixture.stores.routes.revision();
    const address = { host: 'cn01', port: 7 };
    const written = await jobs.advance(lease, [
      { job: queued, patch: { phase: 'queued', clusterJobId: '1', submittedAt: SAMPLE_NOW } },
      {
        job: started,
        patch: { phase: 'ready', address, reason: 'a\0b', startedAt: SAMPLE_NOW + 1 },
      },
      { job: gone, patch: { phase: 'starting' } },
      { job: unsaid, patch: { reason: 'Priority' } },
    ]);
    expect(Object.fromEntries(written)).toEqual({
      [queued.id]: { ...queued, phase: 'queued', clusterJobId: '1', submittedAt: SAMPLE_NOW },
      [started.id]: {
        ...started,
        phase: 'ready',
        address,
        reason: 'a\uFFFDb',
        startedAt: SAMPLE_NOW + 1,
      },
      [unsaid.id]: { ...unsaid, reason: 'Priority' },
    });
    expect(await jobs.get(started.id)).toEqual(written.get(started.id));
    expect(await jobs.get(gone.id)).toMatchObject({ phase: 'queued' });
    expect(await fixture.stores.models.get(model.id)).toMatchObject({
      dueCount: dueCount + 1,
      nextLookAt: 0,
    });
    expect(await fixture.stores.routes.revision()).toBe(revision + 1);
    const over = { phase: 'ended', outcome: 'lost', endedAt: SAMPLE_NOW } as const;
    await jobs.patch(started.id, ['ready'], over);
    const ended = { ...started, phase: 'ended' } as const;
    expect(await jobs.advance(lease, [{ job: ended, patch: { phase: 'ready' } }])).toEqual(
      new Map(),
    );
    expect(await jobs.advance(lease, [])).toEqual(new Map());
    await fixture.stores.leases.release(lease);
    await expect(jobs.advance(lease, [{ job: queued, patch: {} }])).rejects.toBeInstanceOf(
      LeaseLostError,
    );
  });

  test('are judged another time when they were told to end meanwhile', async () => {
    const key = `cluster:${model.cluster}`;
    const lease = await fixture.stores.leases.acquire(key, 'tester', 60_000);
    if (lease === null) throw new Error('not held');
    const asked = await fixture.job(model, 1, { phase: 'ready' });
    const cancelled = await fixture.job(model, 2, { phase: 'ready' });
    await jobs.patch(asked.id, ['ready'], { endAskedAt: SAMPLE_NOW });
    await jobs.patch(cancelled.id, ['ready'], { cancelledAt: SAMPLE_NOW });
    const patch = { phase: 'ended', outcome: 'cancelled', endedAt: SAMPLE_NOW } as const;
    const moves = [asked, cancelled].map((job) => ({ job, patch }));
    expect(await jobs.advance(lease, moves)).toEqual(new Map());
    expect(await jobs.get(asked.id)).toMatchObject({ phase: 'ready', outcome: null });
    await fixture.stores.leases.release(lease);
  });

  test('keep what was told first of their start, though another of them forgets it', async () => {
    const key = `cluster:${model.cluster}`;
    const lease = await fixture.stores.leases.acquire(key, 'tester', 60_000);
    if (lease === null) throw new Error('not held');
    const firstExpected = { from: SAMPLE_NOW, to: SAMPLE_NOW + 9, source: 'history' } as const;
    const waiting = await fixture.job(model, 1, { phase: 'queued', firstExpected });
    const requeued = await fixture.job(model, 2, { phase: 'starting', firstExpected });
    const written = await jobs.advance(lease, [
      { job: waiting, patch: { reason: 'Priority' } },
      { job: requeued, patch: { phase: 'queued', firstExpected: null } },
    ]);
    const told = [waiting, requeued].map(({ id }) => written.get(id)?.firstExpected);
    expect(told).toEqual([firstExpected, null]);
    expect((await jobs.get(waiting.id))?.firstExpected).toEqual(firstExpected);
    await fixture.stores.leases.release(lease);
  });
});
