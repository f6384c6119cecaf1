import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { LeaseLostError, type ModelStatus, type Stores } from '@wakefield/control';
import type { Model } from '@wakefield/domain';
import {
  intention,
  SAMPLE_NOW,
  type StoreFixture,
  sampleSpec,
  storeFixture,
} from '@wakefield/testkit';
import { wake } from '../test/commands.ts';
import { dueModels, planOf, ready } from '../test/plans.ts';

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

const fresh: ModelStatus = { state: 'not_loaded', reason: null, because: [], expectedReady: null };

const plan = (over?: Parameters<typeof planOf>[1]) => planOf(model, over);
const dueIds = (now: number, limit: number) => dueModels(models, now, limit);

describe('reading', () => {
  test('every field comes back as it was saved', async () => {
    const spec = sampleSpec({
      hfModelId: 'org/Model-7B.v2',
      walltimeRatio: 1 / 3,
      cluster: 'there',
      engineArgs: { text: 'a\\u0000"', flag: false, number: -1.5e-9 },
      resources: { nodes: 2, cpus: 16, memory: null },
      routing: { policy: 'prefix', sessionHeader: 'x-chat', weights: { there: 0.01 } },
    });
    const full = await fixture.model({
      spec,
      cluster: 'there',
      revision: 3,
      stopRequested: true,
      idle: true,
      replicas: 4,
      replicasChangedAt: SAMPLE_NOW + 1,
      lastWakeupAt: null,
      lastRequestAt: SAMPLE_NOW + 2,
      createdAt: 0,
      updatedAt: SAMPLE_NOW + 4,
    });
    expect(await models.get(full.id)).toEqual({
      ...full,
      ...fresh,
      dueCount: 0,
      nextLookAt: SAMPLE_NOW,
    });
    expect(await models.find(full.project, spec.hfModelId)).toEqual({ ...full, ...fresh });
  });

  test('unregistered ones are found by id alone', async () => {
    const gone = await fixture.model({ registered: false });
    expect(await models.get(gone.id)).toMatchObject({ id: gone.id, registered: false });
    expect(await models.find(gone.project, gone.spec.hfModelId)).toBeNull();
    expect(await models.list(gone.project)).toEqual([]);
  });

  test('what is not there is null', async () => {
    expect(await models.get(randomUUID())).toBeNull();
    expect(await models.get('nonsense')).toBeNull();
    expect(await models.find(model.project, 'acme/smal')).toBeNull();
    expect(await models.find(model.project, 'acme/small\0')).toBeNull();
    expect(await models.find('nowhere', 'acme/small')).toBeNull();
  });

  test('pages of a list are cut by the database, in the order of bytes', async () => {
    const project = await fixture.project();
    const names = ['B/a', 'a/B', 'a/a', 'a/b', 'a/b-1', 'a/b.1', 'a/b1', 'a/b_1'];
    for (const hfModelId of [...names].reverse()) {
      await fixture.model({ project, spec: sampleSpec({ hfModelId }) });
    }
    const pages: string[][] = [];
    for (let after: string | null = null; ; ) {
      const page: string[] = (await models.list(project, { limit: 3, after })).map(
        ({ spec }) => spec.hfModelId,
      );
      pages.push(page);
      after = page.at(-1) ?? null;
      if (page.length < 3) break;
    }
    expect(pages.map(({ length }) => length)).toEqual([3, 3, 2]);
    expect(pages.flat()).toEqual([...names].sort());
  });

  test('a list is ordered by name, in the order of bytes', async () => {
    for (const hfModelId of ['b/b', 'B/b', 'a-b/c', 'a/b'])
      await fixture.model({ project: model.project, spec: sampleSpec({ hfModelId }) });
    const names = (await models.list(model.project)).map(({ spec }) => spec.hfModelId);
    expect(names).toEqual(['B/b', 'a-b/c', 'a/b', 'acme/small', 'b/b']);
  });
});

describe('savePlan', () => {
  test('desired state, status and next look', async () => {
    const lease = await fixture.lease(model.id);
    const patch = {
      idle: true,
      replicas: 2,
      replicasChangedAt: SAMPLE_NOW + 7,
      lastRequestAt: SAMPLE_NOW + 8,
    };
    expect(await models.savePlan(model.id, lease, plan({ patch }), SAMPLE_NOW + 9)).toBe(true);
    expect(await models.get(model.id)).toEqual({
      ...model,
      ...patch,
      ...ready,
      nextLookAt: SAMPLE_NOW + 60_000,
      updatedAt: SAMPLE_NOW + 9,
      dueCount: 0,
    });
    expect(await dueIds(SAMPLE_NOW + 59_999, 100)).not.toContain(model.id);
    expect(await dueIds(SAMPLE_NOW + 60_000, 100)).toContain(model.id);
  });

  test('a verdict alone is no update of the model', async () => {
    const lease = await fixture.lease(model.id);
    const patch = { lastRequestAt: SAMPLE_NOW + 5 };
    await models.savePlan(model.id, lease, plan({ patch }), SAMPLE_NOW + 9);
    expect(await models.get(model.id)).toMatchObject({ updatedAt: SAMPLE_NOW, ...patch });
  });

  test('a look between two milliseconds is taken after it, not before', async () => {
    const lease = await fixture.lease(model.id);
    await models.savePlan(model.id, lease, plan({ lookAgainAt: SAMPLE_NOW + 0.2 }), SAMPLE_NOW);
    expect(await dueIds(SAMPLE_NOW, 100)).not.toContain(model.id);
    expect(await dueIds(SAMPLE_NOW + 1, 100)).toContain(model.id);
  });

  test('a plan that is older than a command writes nothing but a look at once', async () => {
    const lease = await fixture.lease(model.id);
    const id = await fixture.accept(model.project, wake);
    await other.commands.apply(id, SAMPLE_NOW + 1, () => ({
      outcome: { status: 'applied', created: false },
      model: { ...model, lastWakeupAt: SAMPLE_NOW + 1, generation: model.generation + 1 },
    }));
    const stale = plan({ patch: { idle: true } });
    expect(await models.savePlan(model.id, lease, stale, SAMPLE_NOW + 2)).toBe(false);
    expect(await models.get(model.id)).toMatchObject({
      idle: false,
      ...fresh,
      state: 'queued',
    });
    expect(await dueIds(SAMPLE_NOW + 2, 100)).toContain(model.id);
  });

  test('a command that forgets to count is a newer generation all the same', async () => {
    const id = await fixture.accept(model.project, wake);
    const outcome = { status: 'applied', created: false } as const;
    await fixture.stores.commands.apply(id, SAMPLE_NOW, () => ({ outcome, model }));
    expect(await models.get(model.id)).toMatchObject({ generation: model.generation + 1 });
  });

  test('without its lease nothing is written', async () => {
    const lease = await fixture.lease(model.id);
    await fixture.sql("update leases set expires_at = now() - interval '1 s' where key = $1", [
      lease.key,
    ]);
    const late = () => models.savePlan(model.id, lease, plan(), SAMPLE_NOW);
    await expect(late()).rejects.toBeInstanceOf(LeaseLostError);
    await other.leases.acquire(lease.key, 'another', 60_000);
    await expect(late()).rejects.toBeInstanceOf(LeaseLostError);
    expect(await models.get(model.id)).toMatchObject(fresh);
  });

  test('a plan for a model that is gone is no trouble', async () => {
    const gone = await fixture.model({ registered: false });
    const lease = await fixture.lease(gone.id);
    await models.purgeUnregistered([]);
    expect(await models.savePlan(gone.id, lease, plan(), SAMPLE_NOW)).toBe(true);
    expect(await models.get(gone.id)).toBeNull();
  });
});

describe('purging', () => {
  test('takes unregistered models without live jobs, and all that is theirs', async () => {
    const ended = { phase: 'ended', outcome: 'as_asked', endedAt: SAMPLE_NOW } as const;
    const gone = await fixture.model({ registered: false });
    const lives = await fixture.model({ registered: false });
    const job = await fixture.job(gone, 1, ended);
    await fixture.job(lives, 1, { phase: 'draining' });
    await fixture.job(model, 1, ended);
    await models.purgeUnregistered([]);
    expect(await models.get(gone.id)).not.toBeNull();
    const forgotten = [gone, lives, model].map((owner) => intention(owner, 1).name);
    expect(await models.purgeUnregistered(forgotten)).toBe(1);
    expect(await models.get(gone.id)).toBeNull();
    expect(await fixture.stores.jobs.get(job.id)).toBeNull();
    expect(await models.get(lives.id)).not.toBeNull();
    expect(await models.get(model.id)).not.toBeNull();
    expect(await models.purgeUnregistered(forgotten)).toBe(0);
  });

  test('never takes a job that is intended at the same moment', async () => {
    for (let round = 0; round < 10; round += 1) {
      const gone = await fixture.model({ registered: false });
      const lease = await fixture.lease(gone.id);
      const [intended] = await Promise.allSettled([
        fixture.stores.jobs.intend(lease, intention(gone, 1)),
        other.models.purgeUnregistered([]),
      ]);
      const left = await models.get(gone.id);
      expect(left !== null).toBe(intended.status === 'fulfilled');
    }
  });

  test('leaves a model alone that is registered again at the same moment', async () => {
    for (let round = 0; round < 10; round += 1) {
      const gone = await fixture.model({ registered: false });
      const id = await fixture.accept(gone.project, { kind: 'register', spec: gone.spec });
      const newId = randomUUID();
      const [applied] = await Promise.all([
        fixture.stores.commands.apply(id, SAMPLE_NOW, (context) => ({
          outcome: { status: 'applied', created: true },
          model: { ...gone, id: context.model?.id ?? newId, registered: true },
        })),
        other.models.purgeUnregistered([]),
      ]);
      expect(await models.get(applied?.modelId ?? '')).toMatchObject({ registered: true });
    }
  });
});
