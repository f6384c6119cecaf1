import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { setPartitions, slurmJobs } from './cluster-jobs.ts';
import { heldRequests } from './metric.ts';
import { ask, type RequestRecord } from './requests/ask.ts';
import { closedLoop } from './requests/loops.ts';
import { eventually, startWakefield, type Wakefield } from './wakefield.ts';

const MODEL = 'acme/brief';
/** SLURM counts whole minutes. */
const WALLTIME_S = 60;
/** Half a second at the speed of the engine here. */
const STREAM_TOKENS = 20;

let wakefield: Wakefield;

beforeAll(async () => {
  wakefield = await startWakefield({ args: ['--slurm'] });
}, 150_000);

afterAll(async () => {
  await wakefield.stop();
}, 30_000);

async function jobs(): Promise<
  readonly { readonly state: string; readonly successor_of: string | null }[]
> {
  return (await wakefield.call('GET', `/p/demo/models/${MODEL}`)).body.jobs;
}

test('a job whose successor finds no room serves to its end, and who asks after it waits', async () => {
  const registered = await wakefield.call('PUT', '/p/demo/models', {
    hf_model_id: MODEL,
    gpu_count: 1,
    engine: 'simulator',
    walltime: WALLTIME_S,
    min_replicas: 1,
    idle_timeout: 3600,
    engine_args: { tokens_per_second: 40 },
  });
  expect(registered.status).toBe(201);
  const isServed = async () => (await jobs()).some(({ state }) => /^(ready|busy)$/.test(state));
  await eventually('it serves', isServed, 60_000);
  await setPartitions(wakefield, 'DOWN');

  const records: RequestRecord[] = [];
  const person = (stream: boolean) => async () => {
    const tokens = stream ? STREAM_TOKENS : 2;
    records.push(await ask(wakefield, { model: MODEL, tokens, stream }));
  };
  const { proxy } = (await wakefield.runFile()).services;
  const loop = closedLoop([person(false), person(false), person(true)], 100);
  await eventually(
    'nobody serves, the successor waits, and all three people wait for it',
    async () =>
      !(await isServed()) && (await jobs()).length === 1 && (await heldRequests(proxy)) === 3,
    120_000,
  );
  const answered = records.length;
  const [waiting] = await jobs();
  expect(waiting).toMatchObject({ state: 'queued', successor_of: expect.any(String) });

  await setPartitions(wakefield, 'UP');
  await eventually('they are answered', async () => records.length > answered + 20, 60_000);
  await loop.stop();
  expect(records.filter(({ whole }) => !whole)).toEqual([]);
  // One for each intent: the first, and whoever came after it, however long he was waited for.
  const ids = (await slurmJobs(wakefield)).map(({ id }) => id);
  expect(ids).toHaveLength(2);
}, 300_000);
