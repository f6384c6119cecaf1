import { execFile } from 'node:child_process';
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually, startWakefield, type Wakefield } from './wakefield.ts';

const run = promisify(execFile);
const vllm = process.env.WAKEFIELD_TEST_VLLM ?? '';
const name = 'tiny/slow';

/** Real vLLM in a real SLURM job, behind everything. The model has random weights. */
describe('vLLM on the private SLURM', () => {
  let wakefield: Wakefield;
  const ask = {
    model: name,
    messages: [{ role: 'user' as const, content: 'Say something.' }],
    ignore_eos: true,
  };

  beforeAll(async () => {
    wakefield = await startWakefield({
      args: ['--slurm'],
      prepare: async (directory) => {
        await symlink(vllm, join(directory, 'vllm'));
        await mkdir(join(directory, 'models'), { recursive: true });
        const maker = join(import.meta.dirname, 'vllm/make_model.py');
        await run(join(vllm, 'venv/bin/python'), [
          maker,
          join(directory, 'models', name),
          '--slow',
        ]);
      },
    });
    const registered = await wakefield.call('PUT', '/p/demo/models', {
      hf_model_id: name,
      gpu_count: 1,
      engine: 'vllm',
      engine_args: { load_format: 'dummy', enforce_eager: true, max_model_len: 4096 },
    });
    expect(registered.status).toBe(201);
  }, 150_000);

  afterAll(async () => {
    await wakefield.stop();
  }, 30_000);

  const model = async () => (await wakefield.call('GET', `/p/demo/models/${name}`)).body;

  test('wakes and becomes ready', async () => {
    await wakefield.call('POST', '/p/demo/models', { hf_model_id: name });
    const ready = await eventually(
      'ready',
      async () => {
        const now = await model();
        if (now.state === 'failed' || /exit code/.test(now.reason ?? ''))
          throw new Error(now.reason);
        return now.state === 'ready' && now;
      },
      400_000,
    );
    expect(ready.jobs[0]).toMatchObject({ cluster: 'slurm-dev', state: 'ready' });
  }, 420_000);

  test('answers the official client, plain and streamed', async () => {
    const openai = wakefield.openai();
    const plain = await openai.chat.completions.create({ ...ask, max_tokens: 8 });
    expect(plain).toMatchObject({ model: name, usage: { completion_tokens: 8 } });
    const stream = await openai.chat.completions.create({
      ...ask,
      max_tokens: 12,
      stream: true,
      stream_options: { include_usage: true },
    });
    let tokens = 0;
    let finish: string | null = null;
    for await (const chunk of stream) {
      tokens = chunk.usage?.completion_tokens ?? tokens;
      finish = chunk.choices[0]?.finish_reason ?? finish;
    }
    expect({ tokens, finish }).toEqual({ tokens: 12, finish: 'length' });
  }, 120_000);

  test("vLLM's own figures stand in the model's job, and a cut stream stops its work", async () => {
    const controller = new AbortController();
    const stream = await wakefield
      .openai()
      .chat.completions.create(
        { ...ask, max_tokens: 3000, stream: true },
        { signal: controller.signal },
      );
    const reading = (async () => {
      for await (const _chunk of stream) {
        // Only the engine's side matters here.
      }
    })().catch(() => undefined);
    await eventually(
      'running',
      async () => (await model()).jobs[0]?.metrics.running_requests === 1,
      60_000,
    );
    controller.abort();
    await reading;
    await eventually(
      'stopped',
      async () => (await model()).jobs[0]?.metrics.running_requests === 0,
      30_000,
    );
  }, 150_000);

  test('sleep during a stream lets it finish; then the job and all its processes are gone', async () => {
    const stream = await wakefield.openai().chat.completions.create({
      ...ask,
      max_tokens: 300,
      stream: true,
      stream_options: { include_usage: true },
    });
    let chunks = 0;
    let tokens = 0;
    for await (const chunk of stream) {
      tokens = chunk.usage?.completion_tokens ?? tokens;
      if (++chunks === 5)
        await wakefield.call('POST', '/p/demo/models/sleep', { hf_model_id: name });
    }
    expect(tokens).toBe(300);
    await eventually('no job', async () => (await model()).jobs.length === 0, 90_000);
    const { stdout } = await run('ps', ['-eo', 'args']);
    expect(stdout).not.toMatch(/vllm\.entrypoints|VLLM::/);
  }, 240_000);
});
