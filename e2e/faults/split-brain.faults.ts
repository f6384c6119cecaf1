import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { isAlive, sendSignal } from '@wakefield/local-stack';
import { slurm, squeue } from '../cluster-jobs.ts';
import { enginesOf } from '../engines.ts';
import { chat } from '../requests/ask.ts';
import { matching } from '../victims.ts';
import { eventually, startWakefield, type Wakefield } from '../wakefield.ts';

/**
 * A node daemon that is gone takes nobody with it: the controller gives its jobs up, their engines go on and answer.
 * Then two engines of one model exist.
 */
const model = 'faults/split';
let wakefield: Wakefield;

beforeAll(async () => {
  wakefield = await startWakefield({ args: ['--slurm'] });
  await wakefield.call('PUT', '/p/demo/models', {
    hf_model_id: model,
    gpu_count: 1,
    engine: 'simulator',
    idle_timeout: 3600,
    engine_args: { load_seconds: 0, tokens_per_second: 40 },
  });
}, 150_000);

afterAll(() => wakefield.stop(), 60_000);

const jobs = async () => (await wakefield.call('GET', `/p/demo/models/${model}`)).body.jobs;
const pidsOfEngines = () => enginesOf(wakefield.directory, model).map(({ pid }) => pid);

test('requests go to the job that is ours; the orphan ends when its node is back', async () => {
  expect(await chat(wakefield, model, { tokens: 1 })).toMatchObject({ status: 200, whole: true });
  const [old] = await jobs();
  const [orphan = 0] = pidsOfEngines();
  const [slurmd = 0] = await matching(new RegExp(`/slurmd -D -N ${old.node} `))(wakefield);
  // Longer than everything until its node is back; cut by nobody, because its engine is well.
  const begun = Promise.withResolvers<void>();
  let open = true;
  const long = chat(wakefield, model, {
    tokens: 2400,
    stream: true,
    onLine: () => begun.resolve(),
  }).finally(() => {
    open = false;
  });
  await begun.promise;
  // Frozen, it neither ends its jobs nor comes back by itself.
  sendSignal(slurmd, 'SIGSTOP');
  try {
    await slurm(
      wakefield,
      'scontrol',
      'update',
      `NodeName=${old.node}`,
      'State=DOWN',
      'Reason=split',
    );
    const next = await eventually(
      'another job to be ready',
      async () => {
        const now = await jobs();
        return now.length === 1 && now[0].id !== old.id && now[0].state === 'ready' && now[0];
      },
      90_000,
    );
    expect(next.node).not.toBe(old.node);
    expect(open).toBe(true);
    // Both are alive, and only one of them is asked.
    expect(pidsOfEngines()).toHaveLength(2);
    expect(isAlive(orphan)).toBe(true);
    sendSignal(orphan, 'SIGSTOP');
    for (let asked = 0; asked < 20; asked += 1)
      expect(await chat(wakefield, model, { tokens: 1 })).toMatchObject({
        status: 200,
        whole: true,
      });
    sendSignal(orphan, 'SIGCONT');
    expect(await long).toMatchObject({ status: 200, whole: true });
  } finally {
    sendSignal(orphan, 'SIGCONT');
    sendSignal(slurmd, 'SIGCONT');
  }
  await eventually('the orphan to end', async () => !isAlive(orphan), 60_000);
  await eventually(
    'one job on the cluster',
    async () => {
      const live = (await squeue(wakefield)).split('\n').filter((line) => line !== '');
      return live.length === 1 && pidsOfEngines().length === 1;
    },
    60_000,
  );
  expect(await chat(wakefield, model, { tokens: 1 })).toMatchObject({ status: 200, whole: true });
}, 300_000);
