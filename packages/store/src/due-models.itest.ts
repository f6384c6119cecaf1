import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Stores } from '@wakefield/control';
import type { Model } from '@wakefield/domain';
import { SAMPLE_NOW, type StoreFixture, storeFixture } from '@wakefield/testkit';
import { dueModels, planOf } from '../test/plans.ts';

let fixture: StoreFixture;
let models: Stores['models'];
let other: Stores;
let model: Model;

beforeAll(async () => {
  fixture = await storeFixture();
  models = fixture.stores.models;
  other = fixture.another();
});
beforeEach(async () => {
  model = await fixture.model();
});
afterAll(() => fixture.close());

const plan = () => planOf(model);
const dueIds = (now: number, limit: number) => dueModels(models, now, limit);

describe('looks', () => {
  const lookAt = async ({ id }: Model, lookAgainAt: number) => {
    const lease = await fixture.lease(id);
    const { generation } = (await models.get(id)) ?? model;
    await models.savePlan(id, lease, { ...plan(), generation, lookAgainAt }, SAMPLE_NOW);
    await fixture.stores.leases.release(lease);
  };

  test('the most overdue comes first, and no more than asked for', async () => {
    const second = await fixture.model();
    await lookAt(model, 2);
    await lookAt(second, 1);
    expect((await dueIds(SAMPLE_NOW, 1000)).slice(0, 2)).toEqual([second.id, model.id]);
    expect(await dueIds(SAMPLE_NOW, 1)).toEqual([second.id]);
    expect(await dueIds(0, 1)).toEqual([]);
    for (const done of [model, second]) await lookAt(done, SAMPLE_NOW + 1_000);
  });

  test('a plan that did not see a job move on writes nothing but a look at once', async () => {
    const job = await fixture.job(model, 1, { phase: 'starting' });
    const lease = await fixture.lease(model.id);
    const dueCount = (await models.get(model.id))?.dueCount ?? 0;
    await other.jobs.patch(job.id, ['starting'], { phase: 'ready', readyAt: SAMPLE_NOW });
    const late = { ...plan(), lookAgainAt: SAMPLE_NOW + 60_000 };
    const save = (seen: number) =>
      models.savePlan(model.id, lease, { ...late, dueCount: seen }, SAMPLE_NOW);
    expect(await save(dueCount)).toBe(false);
    expect(await dueIds(SAMPLE_NOW, 1000)).toContain(model.id);
    expect(await save(dueCount + 1)).toBe(true);
    expect(await dueIds(SAMPLE_NOW, 1000)).not.toContain(model.id);
  });

  test("what a run writes of its own model's jobs does not outdate its plan", async () => {
    const job = await fixture.job(model, 1, { phase: 'ready' });
    const lease = await fixture.lease(model.id);
    const { dueCount = 0 } = (await models.get(model.id)) ?? {};
    await other.jobs.patch(job.id, ['ready'], { phase: 'draining' }, { lease });
    expect(await models.savePlan(model.id, lease, { ...plan(), dueCount }, SAMPLE_NOW)).toBe(true);
  });

  test('a job that moves on makes its model due, one that is only seen does not', async () => {
    const job = await fixture.job(model, 1, { phase: 'starting' });
    await lookAt(model, SAMPLE_NOW + 1_000);
    await fixture.stores.jobs.patch(job.id, ['starting'], { node: 'cn01' });
    expect(await dueIds(SAMPLE_NOW, 1000)).not.toContain(model.id);
    await fixture.stores.jobs.patch(job.id, ['starting'], { phase: 'ready', readyAt: SAMPLE_NOW });
    expect(await dueIds(0, 1000)).toContain(model.id);
    await lookAt(model, SAMPLE_NOW + 1_000);
    expect(await dueIds(SAMPLE_NOW, 1000)).not.toContain(model.id);
  });
});

describe('models about which nothing is new', () => {
  test('are put off, but not those about which anything was written meanwhile', async () => {
    const [quiet, woken, moved, planned] = await Promise.all(
      Array.from({ length: 4 }, () => fixture.model()),
    );
    if (!quiet || !woken || !moved || !planned) throw new Error('there are four');
    const ids = [quiet, woken, moved, planned].map(({ id }) => id);
    await fixture.sql(
      'update models set next_look_at = $1, last_request_at = $2 where id = any($3)',
      [new Date(SAMPLE_NOW), new Date(SAMPLE_NOW - 5_000), ids],
    );
    const read = (await models.listDue(SAMPLE_NOW, { limit: 1_000, after: null })).filter(
      ({ id }) => ids.includes(id),
    );
    await fixture.sql('update models set generation = generation + 1 where id = $1', [woken.id]);
    await fixture.sql('update models set due_count = due_count + 1 where id = $1', [moved.id]);
    await fixture.sql('update models set next_look_at = $2 where id = $1', [
      planned.id,
      new Date(SAMPLE_NOW + 1),
    ]);
    await models.putOff(
      read.map((model) => ({
        model,
        state: 'busy' as const,
        because: ['used lately'],
        lookAgainAt: SAMPLE_NOW + 15_000,
        lastRequestAt: SAMPLE_NOW - 9_000,
      })),
    );
    await models.putOff([]);
    const looks = await Promise.all(ids.map(async (id) => (await models.get(id))?.nextLookAt));
    expect(looks).toEqual([SAMPLE_NOW + 15_000, SAMPLE_NOW, SAMPLE_NOW, SAMPLE_NOW + 1]);
    expect((await models.get(quiet.id))?.lastRequestAt).toBe(SAMPLE_NOW - 5_000);
    const again = await models.get(quiet.id);
    if (again === null) throw new Error('it is gone');
    expect(again).toMatchObject({ state: 'busy', because: ['used lately'] });
    const newer = {
      ...again,
      model: again,
      lookAgainAt: SAMPLE_NOW + 1,
      lastRequestAt: SAMPLE_NOW,
    };
    await models.putOff([newer]);
    expect((await models.get(quiet.id))?.lastRequestAt).toBe(SAMPLE_NOW);
  });

  test('that are due are read page by page', async () => {
    const all = await dueIds(SAMPLE_NOW + 99_999, 1_000);
    const paged: string[] = [];
    let after: Parameters<typeof models.listDue>[1]['after'] = null;
    for (;;) {
      const page = await models.listDue(SAMPLE_NOW + 99_999, { limit: 2, after });
      paged.push(...page.map(({ id }) => id));
      after = page.at(-1) ?? null;
      if (page.length < 2) break;
    }
    expect(paged).toEqual(all);
    expect(all.length).toBeGreaterThan(3);
  });
});
