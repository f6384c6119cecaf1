import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { LeaseLostError, type Stores } from '@wakefield/control';
import type { Model } from '@wakefield/domain';
import { intention, type StoreFixture, storeFixture } from '@wakefield/testkit';
import pg from 'pg';

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

describe('intend', () => {
  test('the row of a new job, without its secret', async () => {
    const intended = { ...intention(model, 1), capacity: 9, rivalOf: model.id };
    const { engineKey, gpuCount, ...given } = intended;
    const lease = await fixture.lease(model.id);
    const job = await jobs.intend(lease, { ...given, engineKey, gpuCount });
    const nothing = {
      outcome: null,
      reason: null,
      clusterJobId: null,
      node: null,
      address: null,
      submittedAt: null,
      startedAt: null,
      forecastAt: null,
      expectedStart: null,
      firstExpected: null,
      endsAt: null,
      building: false,
      nodeLeaving: false,
      readyAt: null,
      drainUntil: null,
      endAskedAt: null,
      cancelledAt: null,
      endedAt: null,
    };
    expect(job).toEqual({ ...given, ...nothing, phase: 'intended' });
    expect(await jobs.get(job.id)).toEqual(job);
    expect(await jobs.engineKey(job.id)).toBe(engineKey);
    const everyReader = [
      await jobs.listForModel(model.id, 5),
      await jobs.listLiveForProject(model.project),
      await jobs.listLiveForCluster(model.cluster),
      await jobs.patch(job.id, ['intended'], { reason: 'waits' }),
    ];
    expect(JSON.stringify(everyReader)).not.toContain(engineKey);
  });

  test('the same number again gives the first row, unchanged', async () => {
    const lease = await fixture.lease(model.id);
    const first = await jobs.intend(lease, intention(model, 1));
    const moved = await jobs.patch(first.id, ['intended'], { phase: 'queued', clusterJobId: '7' });
    const again = { ...intention(model, 1), name: 'another', cluster: 'there', engineKey: 'new' };
    expect(await jobs.intend(lease, again)).toEqual(moved);
    expect(await jobs.engineKey(first.id)).toBe('secret-of-1');
  });

  test('of many with one number at once, one is written', async () => {
    const lease = await fixture.lease(model.id);
    const written = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        (i % 2 ? jobs : other.jobs).intend(lease, intention(model, 1)),
      ),
    );
    expect(new Set(written.map(({ id }) => id)).size).toBe(1);
    expect(await jobs.listForModel(model.id, 5)).toHaveLength(1);
  });

  test('an old token, an expired lease and a released one write nothing', async () => {
    const old = await fixture.lease(model.id);
    await fixture.sql("update leases set expires_at = now() - interval '1 s' where key = $1", [
      old.key,
    ]);
    await expect(jobs.intend(old, intention(model, 1))).rejects.toBeInstanceOf(LeaseLostError);
    const current = await other.leases.acquire(old.key, 'another', 60_000);
    await expect(jobs.intend(old, intention(model, 1))).rejects.toBeInstanceOf(LeaseLostError);
    if (current === null) throw new Error('not held');
    await other.leases.release(current);
    await expect(jobs.intend(current, intention(model, 1))).rejects.toBeInstanceOf(LeaseLostError);
    expect(await jobs.listForModel(model.id, 5)).toEqual([]);
  });

  test('the lease of another model does not do', async () => {
    const lease = await fixture.lease((await fixture.model()).id);
    await expect(jobs.intend(lease, intention(model, 1))).rejects.toThrow('is none on');
  });

  test('whoever takes over sees all that was written under the old lease', async () => {
    const patient = fixture.another({ statementTimeoutMs: 20_000 });
    const lease = await patient.leases.acquire(`model:${model.id}`, 'a', 2_000);
    if (lease === null) throw new Error('not held');
    const release = await blockModel();
    // Past its lease check, the write now waits for the model's row, longer than its lease lasts.
    const written = patient.jobs.intend(lease, intention(model, 1));
    await untilWaiting('insert into "jobs"');
    await until(
      'select 1 from leases where key = $1 and expires_at < clock_timestamp()',
      lease.key,
    );
    const takenOver = patient.leases.acquire(lease.key, 'b', 60_000);
    await untilWaiting('insert into "leases"');
    await release();
    expect(await takenOver).toMatchObject({ key: lease.key });
    expect(await jobs.listForModel(model.id, 0)).toEqual([await written]);
  }, 30_000);
});

/** Holds the model's row until it is told to let go. */
async function blockModel(): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: fixture.url });
  await client.connect();
  await client.query('begin');
  await client.query('select 1 from models where id = $1 for update', [model.id]);
  return () => client.end();
}

/** Until a statement that begins like this waits for a lock. */
async function untilWaiting(statement: string): Promise<void> {
  await until(
    `select 1 from pg_stat_activity where datname = current_database()
     and wait_event_type = 'Lock' and starts_with(query, $1)`,
    statement,
  );
}

async function until(condition: string, ...values: string[]): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (Date.now() < deadline) if ((await fixture.sql(condition, values)).length > 0) return;
  throw new Error(`never came true: ${condition}`);
}
