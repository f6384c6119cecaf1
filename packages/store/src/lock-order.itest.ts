import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { ModelStatus, QuietModel } from '@wakefield/control';
import { SAMPLE_NOW, type StoreFixture, storeFixture } from '@wakefield/testkit';
import pg from 'pg';

let fixture: StoreFixture;
let another: pg.Client;

beforeAll(async () => {
  fixture = await storeFixture();
});
beforeEach(async () => {
  another = new pg.Client({ connectionString: fixture.url });
  await another.connect();
});
afterAll(() => fixture.close());

/** Resolves once a statement waits for a row of somebody else. */
async function somebodyWaits(): Promise<void> {
  const until = Date.now() + 5_000;
  const waiting =
    "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
  while ((await fixture.sql(waiting)).length === 0) {
    expect(Date.now()).toBeLessThan(until);
    await setTimeout(10);
  }
}

/** Somebody else has the row with the lower id and then wants the other one: whoever comes meanwhile must not have it. */
async function whileTheFirstIsTaken(
  table: 'models' | 'jobs',
  [first, second]: readonly string[],
  work: () => Promise<unknown>,
): Promise<void> {
  await another.query('begin');
  const lock = (id: string | undefined, how = '') =>
    another.query(`select from ${table} where id = $1 for update ${how}`, [id]);
  await lock(first);
  const working = work();
  await somebodyWaits();
  await lock(second, 'nowait');
  await another.query('commit');
  await working;
  await another.end();
}

const byId = (a: { readonly id: string }, b: { readonly id: string }) => (a.id < b.id ? -1 : 1);

test('models that are put off are locked in the order of their ids', async () => {
  const both = [await fixture.model(), await fixture.model()].toSorted(byId);
  const ids = both.map(({ id }) => id);
  await fixture.sql('update models set next_look_at = $1 where id = any($2)', [
    new Date(SAMPLE_NOW),
    ids,
  ]);
  const due = await fixture.stores.models.listDue(SAMPLE_NOW, { limit: 99, after: null });
  const quiet = due
    .filter(({ id }) => ids.includes(id))
    .toSorted(byId)
    .toReversed()
    .map(
      (model): QuietModel => ({
        model,
        state: 'ready',
        because: [],
        lookAgainAt: SAMPLE_NOW + 1,
        lastRequestAt: undefined,
      }),
    );
  await whileTheFirstIsTaken('models', ids, () => fixture.stores.models.putOff(quiet));
  const put = await Promise.all(ids.map((id) => fixture.stores.models.get(id)));
  expect(put.map((model) => model?.nextLookAt)).toEqual([SAMPLE_NOW + 1, SAMPLE_NOW + 1]);
});

test('jobs whose starts are told are locked in the order of their ids', async () => {
  const model = await fixture.model();
  const phase = 'queued';
  const both = [await fixture.job(model, 1, { phase }), await fixture.job(model, 2, { phase })];
  const ids = both.toSorted(byId).map(({ id }) => id);
  const expectedStart = { from: SAMPLE_NOW, to: SAMPLE_NOW, source: 'history' } as const;
  const expectedStarts = ids.toReversed().map((jobId) => ({ jobId, expectedStart }));
  const status: ModelStatus = { state: 'queued', reason: null, because: [], expectedReady: null };
  const { generation } = model;
  const plan = { generation, patch: {}, status, expectedStarts, lookAgainAt: SAMPLE_NOW };
  const lease = await fixture.lease(model.id);
  await whileTheFirstIsTaken('jobs', ids, () =>
    fixture.stores.models.savePlan(model.id, lease, plan, SAMPLE_NOW),
  );
  const told = await Promise.all(ids.map((id) => fixture.stores.jobs.get(id)));
  expect(told.map((job) => job?.expectedStart)).toEqual([expectedStart, expectedStart]);
});

test('a lease is locked before the job that is written under it', async () => {
  const model = await fixture.model();
  const job = await fixture.job(model, 1, { phase: 'queued' });
  const lease = await fixture.lease(model.id);
  const { jobs } = fixture.stores;
  await another.query('begin');
  await another.query('select from leases where key = $1 for update', [lease.key]);
  const writing = jobs.patch(job.id, ['queued'], { reason: 'x' }, { lease });
  await somebodyWaits();
  await another.query('select from jobs where id = $1 for update nowait', [job.id]);
  await another.query('commit');
  expect(await writing).toMatchObject({ reason: 'x' });
  await another.end();
});
