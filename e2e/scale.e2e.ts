import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { metric } from './metric.ts';
import { type ChatResult, chat } from './requests/ask.ts';
import { closedLoop } from './requests/loops.ts';
import { eventually, startWakefield, type Wakefield } from './wakefield.ts';

const MODEL = 'acme/elastic';
let wakefield: Wakefield;

beforeAll(async () => {
  wakefield = await startWakefield({ env: { SCALE_UP_COOLDOWN: '2s', SCALE_DOWN_COOLDOWN: '5s' } });
}, 150_000);

afterAll(async () => {
  await wakefield.stop();
}, 30_000);

/** So many clients, each of whom asks again as soon as it is answered, until told to stop. */
function clients(count: number): { stop(): Promise<readonly ChatResult[]> } {
  const results: ChatResult[] = [];
  const one = async () => {
    results.push(await chat(wakefield, MODEL, { tokens: 60, stream: true }));
  };
  const loop = closedLoop(Array.from({ length: count }, () => one));
  return { stop: () => loop.stop().then(() => results) };
}

async function model() {
  return (await wakefield.call('GET', `/p/demo/models/${MODEL}`)).body;
}

const serving = async (count: number) => {
  const { replicas, jobs } = await model();
  const ready = jobs.filter(({ state }: { state: string }) => ['ready', 'busy'].includes(state));
  return replicas === count && jobs.length === count && ready.length === count;
};

async function scaleChanges(direction: string): Promise<number> {
  const [scheduler] = (await wakefield.runFile()).services.scheduler;
  return metric(scheduler ?? { opsUrl: '' }, 'wakefield_scale_changes_total', direction);
}

test('an autoscaled model grows under load and shrinks after it, and no request fails', async () => {
  const registered = await wakefield.call('PUT', '/p/demo/models', {
    hf_model_id: MODEL,
    gpu_count: 1,
    engine: 'simulator',
    autoscale: true,
    min_replicas: 1,
    max_replicas: 3,
    idle_timeout: 3600,
    engine_args: { max_concurrency: 2, tokens_per_second: 40, load_seconds: 0.5 },
  });
  expect(registered.status).toBe(201);
  expect(registered.body).toMatchObject({ idle: false, min_replicas: 1 });
  await eventually('it is up without a request', () => serving(1), 60_000);

  const many = clients(10);
  await eventually('ten requests at two a job: as many jobs as allowed', () => serving(3), 90_000);
  const one = clients(1);
  const crowd = await many.stop();
  await eventually('one request: one job fewer', () => serving(2), 90_000);
  const last = await one.stop();
  await eventually('none: one is kept', () => serving(1), 90_000);

  const failed = [...crowd, ...last].filter(({ whole }) => !whole);
  expect(failed).toEqual([]);
  expect(await scaleChanges('up')).toBe(2);
  expect(await scaleChanges('down')).toBe(2);
}, 400_000);
