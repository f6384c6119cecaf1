import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { RoomTakenError } from '@wakefield/control';
import type { CommandEffect } from '@wakefield/domain';
import {
  intention,
  type StoreFixture,
  sampleServiceSpec,
  sampleSpec,
  storeFixture,
} from '@wakefield/testkit';
import { migrationsFolder } from './migrate.ts';

let fixture: StoreFixture;
let project: string;
let cluster: string;
let count = 0;

beforeAll(async () => {
  fixture = await storeFixture();
});
beforeEach(async () => {
  project = await fixture.project();
  count += 1;
  cluster = `room-${count}`;
});
afterAll(() => fixture.close());

const limits = (jobs: number | null, own: { jobs?: number; gpus?: number } = {}) => ({
  jobs,
  project: { jobs: own.jobs ?? null, gpus: own.gpus ?? null },
});
const register = async (gpuCount: number, of = project) => {
  const spec = sampleSpec({ hfModelId: `a/${crypto.randomUUID()}`, gpuCount });
  return await fixture.model({ project: of, cluster, spec });
};

test('counts live jobs of everybody and of one project, with the GPUs that each was launched with', async () => {
  const { jobs } = fixture.stores;
  const one = await register(2);
  const other = await register(4);
  const stranger = await register(1, await fixture.project());
  await fixture.job(one, 1, { phase: 'ended', outcome: 'timeout', endedAt: 1 });
  await fixture.job(one, 2);
  await fixture.job(one, 3, { phase: 'draining', clusterJobId: '1' });
  await fixture.job(other, 1);
  await fixture.job(stranger, 1);
  expect(await jobs.countUse(cluster, project)).toEqual({ jobs: 4, project: { jobs: 3, gpus: 8 } });
  expect(await jobs.countUse('elsewhere', project)).toEqual({
    jobs: 0,
    project: { jobs: 0, gpus: 0 },
  });
});

test('a job keeps its GPUs, whatever its model asks for meanwhile', async () => {
  const { jobs } = fixture.stores;
  const model = await register(4);
  await fixture.job(model, 1, { phase: 'ready' });
  const spec = { ...model.spec, gpuCount: 1 };
  const update = { outcome: { status: 'applied', created: false }, model: { ...model, spec } };
  await fixture.carryOut(project, { kind: 'register', spec }, update as CommandEffect);
  expect((await fixture.stores.models.get(model.id))?.spec.gpuCount).toBe(1);
  expect(await jobs.countUse(cluster, project)).toEqual({ jobs: 1, project: { jobs: 1, gpus: 4 } });
  const changed = { ...model, spec };
  const lease = await fixture.lease(model.id);
  const next = () =>
    jobs.intend(lease, { ...intention(changed, 2), cluster }, limits(null, { gpus: 4 }));
  await expect(next()).rejects.toThrow('has 4 of 4 GPUs');
});

test('jobs that were launched before their GPUs were kept have those of their model or service', async () => {
  const model = await register(3);
  const { resources, ...rest } = sampleServiceSpec();
  const spec = { ...rest, resources: { ...resources, nodes: 2, gpu: 4 } };
  const service = await fixture.service({ project, cluster, spec });
  await fixture.job(model, 1);
  await fixture.serviceJob(service, 1);
  await fixture.sql('update jobs set gpu_count = 1 where project = $1', [project]);
  const file = readdirSync(migrationsFolder()).find((name) => name.endsWith('_gpus-of-jobs.sql'));
  const text = readFileSync(join(migrationsFolder(), file ?? ''), 'utf8');
  const [, ...backfill] = text.split('--> statement-breakpoint');
  for (const statement of backfill) await fixture.sql(statement);
  const rows = await fixture.sql(
    'select gpu_count from jobs where project = $1 order by model_id nulls last',
    [project],
  );
  expect(rows.map((row) => row.gpu_count)).toEqual([3, 8]);
});

test('many models that take the last places at once: no more than there is room for', async () => {
  const another = fixture.another().jobs;
  const models = await Promise.all(Array.from({ length: 8 }, () => register(1)));
  const atMost = limits(null, { jobs: 3 });
  const taken = await Promise.allSettled(
    models.map(async (model, index) => {
      const { jobs } = index % 2 === 0 ? fixture.stores : { jobs: another };
      const lease = await fixture.lease(model.id);
      return await jobs.intend(lease, { ...intention(model, 1), cluster }, atMost);
    }),
  );
  expect(taken.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
  for (const result of taken) {
    if (result.status === 'fulfilled') continue;
    expect(result.reason).toBeInstanceOf(RoomTakenError);
    expect(result.reason).toMatchObject({
      message: `Project ${project} has 3 of 3 jobs on cluster ${cluster}, the limit that is configured there for it.`,
    });
  }
  expect(await fixture.stores.jobs.countUse(cluster, project)).toMatchObject({ jobs: 3 });
});
