import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { setPartitions } from '../cluster-jobs.ts';
import { eventually, startWakefield, type Wakefield } from '../wakefield.ts';
import { curl } from './calls.ts';
import { forgetBuild, type SiteRecipes, simulatedVllm } from './site-recipe.ts';

let wakefield: Wakefield;
let place: string;
let recipes: SiteRecipes;
/** What its build is called, and is made of. */
let build: { readonly digest: string; readonly of: readonly string[] };

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'site-recipes-'));
  recipes = await simulatedVllm(place);
  const env = { WAKEFIELD_RECIPES: recipes.folder };
  wakefield = await startWakefield({ args: ['--slurm'], env });
  build = (await curl('Get Recipe Details', wakefield)).body.build.gpu;
}, 150_000);

afterAll(async () => {
  await wakefield.stop();
  await forgetBuild(build.digest);
  await rm(place, { recursive: true });
}, 30_000);

test('two that begin with the same build at once: one of them makes it, and tells so', async () => {
  // Both jobs wait in the queue, and start together.
  await setPartitions(wakefield, 'DOWN');
  const started = await Promise.all(
    [1, 2].map(() => curl('Create vLLM Service with Default Model', wakefield)),
  );
  const ids = started.map(({ status, body }) => {
    expect([status, body.status]).toEqual([201, 'pending']);
    return body.id as string;
  });
  const seen = new Map(ids.map((id) => [id, ['pending']]));
  const look = async (id: string) => {
    const { body } = await curl('Check Service Status', wakefield, id);
    if (body.status === 'failed') throw new Error(body.reason);
    if (seen.get(id)?.at(-1) !== body.status) seen.get(id)?.push(body.status);
    return body.status === 'running';
  };
  await setPartitions(wakefield, 'UP');
  await eventually(
    'both to run',
    async () => (await Promise.all(ids.map(look))).every((isRunning) => isRunning),
    90_000,
  );
  const way = ['pending', 'building', 'starting', 'running'];
  expect([...seen.values()]).toEqual([way, way]);
  expect(await recipes.builds()).toBe(1);

  const logs = await Promise.all(
    ids.map(async (id) => (await curl('Get Service Logs', wakefield, id)).body as string),
  );
  const what = build.of.join(' ');
  const maker = `wakefield: building ${what}\ncollecting ${build.of.at(-1)}\n`;
  const waiter = 'wakefield: another job builds the same; waiting for it\n';
  const told = logs.map((log) => log.split('wakefield: starting the engine')[0]);
  expect(told.sort()).toEqual([waiter, maker].sort());
}, 180_000);
