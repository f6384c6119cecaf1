import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Stores } from '@wakefield/control';
import type { CommandBody, CommandContext, CommandEffect } from '@wakefield/domain';
import {
  intention,
  SAMPLE_NOW,
  type StoreFixture,
  sampleModel,
  sampleSpec,
  storeFixture,
} from '@wakefield/testkit';
import { done, rejected, wake } from '../test/commands.ts';

let fixture: StoreFixture;
let commands: Stores['commands'];
/** The same database as a second process sees it. */
let other: Stores['commands'];

beforeAll(async () => {
  fixture = await storeFixture();
  commands = fixture.stores.commands;
  other = fixture.another().commands;
});
afterAll(() => fixture.close());

const dueIds = async (now: number, limit: number) =>
  (await fixture.stores.models.listDue(now, { limit, after: null })).map(({ id }) => id);

test('decide sees the command, its project, its model and the live jobs', async () => {
  const model = await fixture.model();
  const live = await fixture.job(model, 2, { phase: 'queued' });
  await fixture.job(model, 1, { phase: 'ended', outcome: 'lost', endedAt: SAMPLE_NOW });
  const id = await fixture.accept(model.project, wake);
  const seen: CommandContext[] = [];
  await commands.apply(id, SAMPLE_NOW, (context) => {
    seen.push(context);
    return rejected;
  });
  const project = await fixture.stores.projects.get(model.project);
  const command = { ...(await commands.get(id)), outcome: null, finishedAt: null };
  expect(seen).toEqual([{ command, project, model, liveJobs: [live], service: null }]);
});

test('decide sees an unregistered model, and nothing where nothing is', async () => {
  const model = await fixture.model({ registered: false });
  const contexts: CommandContext[] = [];
  const look = async (project: string, body: CommandBody) => {
    const id = await fixture.accept(project, body);
    await commands.apply(id, SAMPLE_NOW, (context) => {
      contexts.push(context);
      return rejected;
    });
  };
  await look(model.project, wake);
  await look(model.project, { kind: 'wake', hfModelId: 'other/model' });
  await look('nowhere', { kind: 'activate', cluster: null });
  expect(contexts.map(({ project, model: found }) => [project?.name ?? null, found])).toEqual([
    [model.project, model],
    [model.project, null],
    [null, null],
  ]);
});

test('a finished command is left alone', async () => {
  const model = await fixture.model();
  const id = await fixture.accept(model.project, wake);
  const first = await commands.apply(id, SAMPLE_NOW + 1, () => ({ ...done, model }));
  const again = await commands.apply(id, SAMPLE_NOW + 2, () => {
    throw new Error('asked twice');
  });
  expect(first).toMatchObject({
    modelId: model.id,
    command: { outcome: done.outcome, finishedAt: SAMPLE_NOW + 1 },
  });
  expect(again).toEqual(first);
});

test('a rejection touches no model', async () => {
  const model = await fixture.model();
  const id = await fixture.accept(model.project, wake);
  expect(await commands.apply(id, SAMPLE_NOW, () => rejected)).toMatchObject({
    modelId: null,
    command: { outcome: rejected.outcome },
  });
});

test('an error of decide comes out as it is and undoes everything', async () => {
  const project = await fixture.project();
  const id = await fixture.accept(project, wake);
  const error = new Error('decide fell over');
  const failing = commands.apply(id, SAMPLE_NOW, () => {
    throw error;
  });
  await expect(failing).rejects.toBe(error);
  expect(await commands.get(id)).toMatchObject({ outcome: null, finishedAt: null });
  expect(await commands.apply(id, SAMPLE_NOW, () => done)).toMatchObject({
    command: { outcome: done.outcome },
  });
});

test('an effect that cannot be saved undoes everything', async () => {
  const id = await fixture.accept('nowhere', wake);
  const orphan = sampleModel({ id: randomUUID(), project: 'nowhere' });
  await expect(
    commands.apply(id, SAMPLE_NOW, () => ({ ...done, model: orphan })),
  ).rejects.toMatchObject({ name: 'StoreError', sqlState: '23503' });
  expect(await commands.get(id)).toMatchObject({ outcome: null });
  expect(await fixture.stores.models.get(orphan.id)).toBeNull();
});

test('two processes that apply one command apply it once', async () => {
  const model = await fixture.model({ replicas: 1 });
  const id = await fixture.accept(model.project, wake);
  let asked = 0;
  const decide = (context: CommandContext): CommandEffect => {
    asked += 1;
    const before = context.model ?? model;
    return { ...done, model: { ...before, replicas: before.replicas + 1 } };
  };
  const results = await Promise.all(
    Array.from({ length: 8 }, (_, i) => (i % 2 ? commands : other).apply(id, SAMPLE_NOW, decide)),
  );
  expect(asked).toBe(1);
  expect(new Set(results.map((result) => JSON.stringify(result))).size).toBe(1);
  expect(await fixture.stores.models.get(model.id)).toMatchObject({ replicas: 2 });
});

test('commands on one model are applied one after the other', async () => {
  const model = await fixture.model({ replicas: 0 });
  const ids = await Promise.all(
    Array.from({ length: 10 }, () => fixture.accept(model.project, wake)),
  );
  await Promise.all(
    ids.map((id, i) =>
      (i % 2 ? commands : other).apply(id, SAMPLE_NOW, (context) => {
        const before = context.model ?? model;
        return { ...done, model: { ...before, replicas: before.replicas + 1 } };
      }),
    ),
  );
  expect(await fixture.stores.models.get(model.id)).toMatchObject({
    replicas: 10,
    generation: model.generation + 10,
  });
});

test('a model that two commands register at once is created by one of them', async () => {
  const project = await fixture.project();
  const body: CommandBody = { kind: 'register', spec: sampleSpec({ hfModelId: 'new/model' }) };
  const ids = await Promise.all(Array.from({ length: 8 }, () => fixture.accept(project, body)));
  const results = await Promise.all(
    ids.map((id, i) =>
      (i % 2 ? commands : other).apply(id, SAMPLE_NOW, (context) => ({
        outcome: { status: 'applied', created: context.model === null },
        model:
          context.model ?? sampleModel({ id: randomUUID(), project, spec: body.spec, idle: true }),
      })),
    ),
  );
  expect(results.filter((r) => JSON.stringify(r).includes('"created":true'))).toHaveLength(1);
  expect(new Set(results.map((result) => result?.modelId)).size).toBe(1);
  expect(await fixture.stores.models.list(project)).toHaveLength(1);
});

test('a project that two commands activate at once is created by one of them', async () => {
  const name = `p-${randomUUID()}`;
  const body: CommandBody = { kind: 'activate', cluster: null };
  const ids = await Promise.all(Array.from({ length: 6 }, () => fixture.accept(name, body)));
  const known: boolean[] = [];
  await Promise.all(
    ids.map((id, i) =>
      (i % 2 ? commands : other).apply(id, SAMPLE_NOW, ({ project }) => {
        known.push(project !== null);
        const clusters = [...(project?.clusters ?? []), `c${project?.clusters.length ?? 0}`];
        return {
          ...done,
          project: { name, clusters, createdAt: SAMPLE_NOW, updatedAt: SAMPLE_NOW },
        };
      }),
    ),
  );
  expect(known).toEqual([false, true, true, true, true, true]);
  expect(await fixture.stores.projects.get(name)).toMatchObject({
    clusters: ['c0', 'c1', 'c2', 'c3', 'c4', 'c5'],
  });
});

test('the touched model is due at once, and stays due if it was due before', async () => {
  const model = await fixture.model();
  const { models } = fixture.stores;
  const lease = await fixture.lease(model.id);
  const status = { state: 'ready', reason: null, because: [], expectedReady: null } as const;
  const plan = { generation: model.generation, patch: {}, status, lookAgainAt: SAMPLE_NOW + 9e6 };
  await models.savePlan(model.id, lease, plan, SAMPLE_NOW);
  expect(await dueIds(SAMPLE_NOW + 50, 100)).not.toContain(model.id);
  for (const at of [SAMPLE_NOW + 50, SAMPLE_NOW + 99]) {
    const id = await fixture.accept(model.project, wake);
    await commands.apply(id, at, () => ({ ...done, model }));
  }
  expect(await dueIds(SAMPLE_NOW + 49, 100)).not.toContain(model.id);
  expect(await dueIds(SAMPLE_NOW + 50, 100)).toContain(model.id);
});

test('a command and an intended job of one model do not block each other for long', async () => {
  const model = await fixture.model();
  const lease = await fixture.lease(model.id);
  const ids = await Promise.all(
    Array.from({ length: 6 }, () => fixture.accept(model.project, wake)),
  );
  await Promise.all([
    ...ids.map((id) => other.apply(id, SAMPLE_NOW, () => ({ ...done, model }))),
    ...ids.map((_, i) => fixture.stores.jobs.intend(lease, intention(model, i + 1))),
  ]);
  expect(await fixture.stores.jobs.listForModel(model.id, 0)).toHaveLength(6);
});
