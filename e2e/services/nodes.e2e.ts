import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { slurm, squeue } from '../cluster-jobs.ts';
import { type Answer, eventually, startWakefield, type Wakefield } from '../wakefield.ts';

let wakefield: Wakefield;

beforeAll(async () => {
  wakefield = await startWakefield({ args: ['--slurm'] });
}, 150_000);

afterAll(async () => {
  await wakefield.stop();
}, 30_000);

const start = (loadSeconds: number) =>
  wakefield.call('POST', '/api/v1/services', {
    recipe_name: 'simulator',
    config: { environment: { SIMULATOR_LOAD_SECONDS: loadSeconds }, resources: { nodes: 2 } },
  });

/** Waits until it has this status; throws where it cannot have it any more. */
const status = (id: string, wanted: string): Promise<Answer['body']> =>
  eventually(
    `${id} to be ${wanted}`,
    async () => {
      const { body } = await wakefield.call('GET', `/api/v1/services/${id}`);
      if (body.status === 'failed' && wanted !== 'failed') throw new Error(body.reason);
      return body.status === wanted && body;
    },
    60_000,
  );

/** Pids of its ranks on all nodes, by rank. */
async function ranks(): Promise<ReadonlyMap<number, number>> {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'pid=,args='], {
    maxBuffer: 16 << 20,
  });
  const lines = stdout.split('\n').filter((line) => line.includes(`=${wakefield.directory}`));
  return new Map(
    lines.flatMap((line) => {
      const [, pid, rank] = /^\s*(\d+) \S*node\S* .* --node-rank=(\d+)( |$)/.exec(line) ?? [];
      return pid === undefined || rank === undefined ? [] : [[Number(rank), Number(pid)] as const];
    }),
  );
}

const logOf = async (id: string): Promise<string> =>
  (await wakefield.call('GET', `/api/v1/services/${id}/logs?tail=all`)).body;

describe('a service on two nodes', () => {
  test('runs once its ranks have come together, on two nodes of SLURM, and leaves nothing', async () => {
    const { status: code, body } = await start(0.5);
    expect([code, body.config?.resources.nodes]).toEqual([201, 2]);
    const service = await status(body.id, 'running');
    const [nodes, names] = (
      await slurm(wakefield, 'squeue', '-h', '-j', body.id, '-o', '%D %N')
    ).split(/\s/);
    expect([nodes, names]).toEqual(['2', expect.stringMatching(/^cn\[\d+[-,]\d+\]$/)]);
    expect(service.node).toEqual(expect.stringMatching(/^cn/));
    expect([...(await ranks()).keys()].sort()).toEqual([0, 1]);
    const log = await logOf(body.id);
    expect(log).toMatch(/\[simulator rank 0 of 2\] rank 1 of 2 has come/);
    expect(log).toMatch(/\[simulator rank 1 of 2\] joining the head/);
    const models = await wakefield.call('GET', `/api/v1/vllm/${body.id}/models`);
    expect(models.body).toMatchObject({ models: ['wakefield/simulated'] });
    const prompt = { prompt: 'Hello', max_tokens: 4 };
    const answer = await wakefield.call('POST', `/api/v1/vllm/${body.id}/prompt`, prompt);
    expect([answer.status, answer.body.usage?.completion_tokens]).toEqual([200, 4]);
    expect((await wakefield.call('DELETE', `/api/v1/services/${body.id}`)).status).toBe(200);
    await status(body.id, 'stopped');
    await eventually('no process is left', async () => (await ranks()).size === 0);
    await eventually('no job is left', async () => (await squeue(wakefield)) === '');
  }, 150_000);

  test('fails with a rank that dies, and its log says which', async () => {
    const { body } = await start(0.5);
    await status(body.id, 'running');
    const rank = (await ranks()).get(1);
    if (rank === undefined) throw new Error('there is no rank 1');
    process.kill(rank, 'SIGKILL');
    expect((await status(body.id, 'failed')).reason).toEqual(expect.any(String));
    expect(await logOf(body.id)).toContain('the connection to rank 1 was lost');
    await eventually('no process is left', async () => (await ranks()).size === 0);
    await eventually('no job is left', async () => (await squeue(wakefield)) === '');
  }, 150_000);
});
