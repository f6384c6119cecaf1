import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { JobPatch, Stores } from '@wakefield/control';
import type { Model } from '@wakefield/domain';
import { intention, SAMPLE_NOW, type StoreFixture, storeFixture } from '@wakefield/testkit';

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

const over: JobPatch = { phase: 'ended', outcome: 'as_asked', endedAt: SAMPLE_NOW };

test('what may go leaves live jobs, young ones and the newest of each model', async () => {
  const elsewhere = new Set((await fixture.sql('select name from jobs')).map(({ name }) => name));
  const second = await fixture.model({ cluster: 'apart' });
  const at = (endedAt: number) => ({ ...over, endedAt });
  await fixture.job(model, 1, { phase: 'ready' });
  for (const seq of [2, 3, 4, 5]) await fixture.job(model, seq, at(SAMPLE_NOW - 10 + seq));
  await fixture.job(second, 1, at(SAMPLE_NOW - 1000));
  await fixture.job(second, 2, at(SAMPLE_NOW - 999));
  await fixture.sql('update models set max_replicas = 1 where id = any($1)', [
    [model.id, second.id],
  ]);
  const listed = async (before: number, least: number, limit = 10, except: string[] = []) =>
    (await jobs.listPurgeable(before, { least, besideReplicas: 0 }, { limit, except }))
      .map(({ name }) => name)
      .filter((name) => !elsewhere.has(name));
  const names = (of: Model, ...seqs: number[]) => seqs.map((seq) => intention(of, seq).name);
  const both = [...names(second, 1), ...names(model, 2, 3)];
  expect(await listed(SAMPLE_NOW - 6, 0)).toEqual(both);
  expect(await listed(SAMPLE_NOW - 6, 0, 2)).toEqual(both.slice(0, 2));
  expect(await listed(SAMPLE_NOW - 6, 0, 10, ['apart'])).toEqual(both.slice(1));
  expect(await listed(SAMPLE_NOW + 1, 3)).toEqual(names(model, 2));
  await fixture.sql('update models set max_replicas = 3 where id = $1', [model.id]);
  expect(await listed(SAMPLE_NOW + 1, 0)).toEqual([...names(second, 1), ...names(model, 2)]);
  await fixture.moveTo('away', model, 2);
  expect(await listed(SAMPLE_NOW + 1, 0)).toEqual(names(second, 1));
  await fixture.sql('update models set registered = false where id = any($1)', [
    [model.id, second.id],
  ]);
  expect(await listed(SAMPLE_NOW - 2000, 9)).toEqual(names(second, 1, 2));
});

test('purging takes ended jobs alone, and never the newest of a model', async () => {
  for (const seq of [1, 2]) await fixture.job(model, seq, over);
  await fixture.job(model, 3, { phase: 'ready' });
  const second = await fixture.model();
  await fixture.job(second, 1, over);
  const names = [1, 2, 3].map((seq) => intention(model, seq).name);
  const keep = { besideReplicas: 0 };
  expect(await jobs.purgeEnded([], keep)).toBe(0);
  expect(await jobs.purgeEnded([...names.slice(1), intention(second, 1).name], keep)).toBe(1);
  expect((await jobs.listForModel(model.id, 9)).map(({ seq }) => seq)).toEqual([3, 1]);
  expect(await jobs.listForModel(second.id, 9)).toHaveLength(1);
});
