import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { JobPatch, JobStore, Stores } from '@wakefield/control';
import type { Job, Model, StartEstimate } from '@wakefield/domain';
import { intention, SAMPLE_NOW, type StoreFixture, storeFixture } from '@wakefield/testkit';

let fixture: StoreFixture;
let jobs: JobStore;
let models: Stores['models'];
let model: Model;
beforeAll(async () => {
  fixture = await storeFixture();
  ({ jobs, models } = fixture.stores);
});
beforeEach(async () => {
  model = await fixture.model();
});
afterAll(() => fixture.close());

describe('waits', () => {
  let seq = 0;
  const since = SAMPLE_NOW - 1_000;
  async function wait(shape: string, patch: JobPatch, cluster = 'here'): Promise<Job> {
    const lease = await fixture.lease(model.id);
    seq += 1;
    const job = await jobs.intend(lease, { ...intention(model, seq), shape, cluster });
    await fixture.stores.leases.release(lease);
    await jobs.patch(job.id, ['intended'], patch);
    return job;
  }
  const started = (submitted: number, start: number): JobPatch => ({
    phase: 'starting',
    submittedAt: SAMPLE_NOW + submitted,
    startedAt: SAMPLE_NOW + start,
  });

  test('of one shape on one cluster, those that started last first', async () => {
    const shape = randomUUID();
    await wait(shape, started(0, 10));
    await wait(shape, { ...started(5, 25), phase: 'ended', endedAt: SAMPLE_NOW + 99 });
    await wait(shape, started(8, 15));
    await wait(`${shape}+`, started(0, 1_000));
    await wait(shape, started(0, 2_000), 'there');
    expect(await jobs.readWaits('here', shape, since, 50)).toEqual({
      waits: [20, 7, 10],
      waitingSince: [],
      abandoned: [],
    });
    expect(await jobs.readWaits('here', shape, since, 2)).toMatchObject({ waits: [20, 7] });
    expect(await jobs.readWaits('here', 'of nobody', since, 50)).toEqual({
      waits: [],
      waitingSince: [],
      abandoned: [],
    });
  });

  test('that go on, longest first, and that came to nothing; not of jobs that were never taken', async () => {
    const shape = randomUUID();
    await wait(shape, { phase: 'queued', submittedAt: SAMPLE_NOW + 5 });
    await wait(shape, { phase: 'queued', submittedAt: SAMPLE_NOW });
    await wait(shape, {});
    const over = { phase: 'ended', outcome: 'as_asked', endedAt: SAMPLE_NOW + 9 } as const;
    await wait(shape, { ...over, submittedAt: SAMPLE_NOW });
    await wait(shape, over);
    expect(await jobs.readWaits('here', shape, since, 50)).toEqual({
      waits: [],
      waitingSince: [SAMPLE_NOW, SAMPLE_NOW + 5],
      abandoned: [9],
    });
  });

  test('of long ago tell nothing any more; who still waits since then does', async () => {
    const shape = randomUUID();
    await wait(shape, started(-100, since - SAMPLE_NOW));
    await wait(shape, { phase: 'ended', submittedAt: since - 100, endedAt: since });
    await wait(shape, { phase: 'queued', submittedAt: since - 100 });
    expect(await jobs.readWaits('here', shape, since, 50)).toEqual({
      waits: [],
      waitingSince: [since - 100],
      abandoned: [],
    });
  });

  test('clocks that disagree make no negative ones', async () => {
    const shape = randomUUID();
    await wait(shape, started(10, 0));
    expect(await jobs.readWaits('here', shape, since, 50)).toMatchObject({ waits: [0] });
  });
});

describe('what is told of a start', () => {
  const told = (at: number, source: StartEstimate['source'] = 'history'): StartEstimate => ({
    from: SAMPLE_NOW + at,
    to: SAMPLE_NOW + 2 * at,
    source,
  });
  async function tell(job: Job, expectedStart: StartEstimate): Promise<Job | null> {
    const lease = await fixture.lease(model.id);
    const status = { state: 'queued', reason: null, because: [], expectedReady: null } as const;
    const { generation } = model;
    const expectedStarts = [{ jobId: job.id, expectedStart }];
    const lookAgainAt = SAMPLE_NOW;
    const plan = { generation, patch: {}, status, expectedStarts, lookAgainAt };
    await models.savePlan(model.id, lease, plan, SAMPLE_NOW);
    await fixture.stores.leases.release(lease);
    return await jobs.get(job.id);
  }

  test('is kept with what was told first', async () => {
    const job = await fixture.job(model, 1, { phase: 'queued' });
    const first = { ...told(100, 'trial') };
    expect(await tell(job, first)).toMatchObject({ expectedStart: first, firstExpected: first });
    expect(await tell(job, told(50))).toMatchObject({
      expectedStart: told(50),
      firstExpected: first,
    });
  });

  test('comes too late for a job that runs', async () => {
    const job = await fixture.job(model, 1, { phase: 'starting' });
    expect(await tell(job, told(100))).toEqual(job);
  });
});
