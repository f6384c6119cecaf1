import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, readlink, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { squeue } from '../cluster-jobs.ts';
import { type Answer, eventually, startWakefield, type Wakefield } from '../wakefield.ts';
import { curl } from './calls.ts';

const run = promisify(execFile);
const vllm = process.env.WAKEFIELD_TEST_VLLM ?? '';
/** The models of the document, as small ones with random weights. The second knows no chats. */
const models = { talks: 'Qwen/Qwen2.5-0.5B-Instruct', completes: 'gpt2' };
const START_WITHIN_MS = 600_000;

let wakefield: Wakefield;
/** Ids of the jobs. */
const ids = { talks: '', completes: '' };
const call = (title: string, job?: string) => curl(title, wakefield, job);
const prompt = (id: string, body: object) =>
  wakefield.call('POST', `/api/v1/vllm/${id}/prompt`, body);

beforeAll(async () => {
  wakefield = await startWakefield({
    args: ['--slurm'],
    prepare: async (directory) => {
      await symlink(vllm, join(directory, 'vllm'));
      await mkdir(join(directory, 'models'), { recursive: true });
      const make = (model: string, ...flags: readonly string[]) =>
        run(join(vllm, 'venv/bin/python'), [
          join(import.meta.dirname, '../vllm/make_model.py'),
          ...[join(directory, 'models', model), '--weights', ...flags],
        ]);
      await Promise.all([make(models.talks), make(models.completes, '--no-template')]);
    },
  });
}, 150_000);

afterAll(async () => {
  await wakefield.stop();
}, 60_000);

/** The statuses that a service goes through from its start until it runs. */
async function wayOf(id: string, first: string): Promise<readonly string[]> {
  const seen = [first];
  await eventually(
    `${id} to run`,
    async () => {
      const { status, reason } = (await call('Check Service Status', id)).body;
      if (seen.at(-1) !== status) seen.push(status);
      if (status === 'failed') throw new Error(reason);
      return status === 'running';
    },
    START_WITHIN_MS,
  );
  return seen;
}

/** Processes of vLLM that work in a directory of this Wakefield. */
async function engines(): Promise<readonly string[]> {
  const found = await Promise.all(
    (await readdir('/proc'))
      .filter((name) => /^\d+$/.test(name))
      .map(async (pid) => {
        const place = await readlink(`/proc/${pid}/cwd`).catch(() => '');
        if (!place.startsWith(wakefield.directory)) return '';
        return await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      }),
  );
  return found.filter((line) => /vllm/i.test(line));
}

describe('the calls of the document on real vLLM without GPU', () => {
  const way = /^(pending,)?starting,running$/;
  const resources = { nodes: 1, cpu: '4', memory: '16G', time_limit: 120, gpu: null };

  test('Create CPU-Only vLLM Service, and one with the default model', async () => {
    const completes = await call('Create CPU-Only vLLM Service');
    const talks = await wakefield.call('POST', '/api/v1/services', {
      recipe_name: 'inference/vllm',
      config: {
        // Beside the other one: four GiB each are what a machine may not have.
        environment: { VLLM_CPU_KVCACHE_SPACE: 1, VLLM_MAX_MODEL_LEN: 2048 },
        resources: { cpu: '4', memory: '16G', gpu: null },
      },
    });
    const started: readonly (readonly [Pick<Answer, 'status' | 'body'>, string])[] = [
      [completes, models.completes],
      [talks, models.talks],
    ];
    for (const [{ status, body }, model] of started) {
      expect([status, body.error]).toEqual([201, undefined]);
      expect(body).toMatchObject({ model, cluster: 'slurm-dev', config: { resources } });
    }
    ids.completes = completes.body.id;
    ids.talks = talks.body.id;
    // Nobody's prompt waits for an engine that loads for a minute.
    for (const id of Object.values(ids)) {
      const early = await prompt(id, { prompt: 'Hello' });
      expect([early.status, early.body.error.code]).toEqual([409, 'service_not_ready']);
      expect(early.body.error.message).toMatch(/its status is (pending|starting)[.:]/);
      expect((await call('Get Available Models', id)).status).toBe(409);
    }
    expect((await call('List vLLM Services')).body).toEqual([]);
    const ways = await Promise.all([
      wayOf(ids.completes, completes.body.status),
      wayOf(ids.talks, talks.body.status),
    ]);
    for (const seen of ways) expect(seen.join()).toMatch(way);
  }, 620_000);

  test('Get Service Logs: what vLLM itself says', async () => {
    const { status, body } = await call('Get Service Logs', ids.completes);
    expect(status).toBe(200);
    const text = JSON.stringify(body);
    for (const words of ['Starting vLLM server', 'Application startup complete', 'models/gpt2'])
      expect(text).toContain(words);
  });

  test('List vLLM Services: both, with where they answer', async () => {
    const { body } = await call('List vLLM Services');
    const seen = body.map(({ id, model, status, endpoint }: Answer['body']) => [
      ...[id, model, status],
      new URL(endpoint).origin,
    ]);
    expect(seen.sort()).toEqual(
      [
        [ids.completes, models.completes, 'running', wakefield.url],
        [ids.talks, models.talks, 'running', wakefield.url],
      ].sort(),
    );
  });

  test('Get Available Models', async () => {
    for (const [id, model] of [
      [ids.completes, models.completes],
      [ids.talks, models.talks],
    ] as const)
      expect((await call('Get Available Models', id)).body).toEqual({ id, models: [model] });
  });

  /** How many tokens a text is by itself, without the words of a template. */
  async function tokensOf(id: string, model: string, text: string): Promise<number> {
    const { status, body } = await wakefield.call(
      'POST',
      `/api/v1/services/${id}/proxy/v1/completions`,
      { model, prompt: text, max_tokens: 1 },
    );
    expect([status, body.error]).toEqual([200, undefined]);
    return body.usage.prompt_tokens;
  }

  test('Send Prompt to vLLM Service: a chat where the model has a template for it', async () => {
    const text = 'Tell me a joke about programming';
    const talks = await call('Send Prompt to vLLM Service', ids.talks);
    const completes = await call('Send Prompt to vLLM Service', ids.completes);
    for (const [{ status, body }, model] of [
      [talks, models.talks],
      [completes, models.completes],
    ] as const) {
      expect([status, body.model]).toEqual([200, model]);
      expect(body.text).toEqual(expect.any(String));
      expect(body.usage.completion_tokens).toBeGreaterThan(0);
      expect(body.usage.completion_tokens).toBeLessThanOrEqual(100);
    }
    const plain = await tokensOf(ids.completes, models.completes, text);
    expect(completes.body.usage.prompt_tokens).toBe(plain);
    const bare = await tokensOf(ids.talks, models.talks, text);
    expect(talks.body.usage.prompt_tokens).toBeGreaterThan(bare);
  }, 120_000);

  test('Send Prompt with Advanced Options', async () => {
    const { status, body } = await call('Send Prompt with Advanced Options', ids.completes);
    expect([status, body.model]).toEqual([200, models.completes]);
    expect(body.usage.completion_tokens).toBeLessThanOrEqual(64);
    const cold = { prompt: 'The scheduler wakes', max_tokens: 16, temperature: 0 };
    const [once, again] = [await prompt(ids.talks, cold), await prompt(ids.talks, cold)];
    expect([once.status, once.body.text]).toEqual([200, again.body.text]);
  }, 60_000);

  test('what vLLM refuses is refused in its words', async () => {
    for (const [id, context] of [
      [ids.completes, '8192'],
      [ids.talks, '2048'],
    ] as const) {
      const { status, body } = await prompt(id, { prompt: 'Hello', max_tokens: 100_000 });
      expect([status, body.error.code]).toEqual([400, 400]);
      expect(body.error.message).toContain(context);
    }
    const other = await prompt(ids.completes, { prompt: 'Hello', model: 'gpt3' });
    expect([other.status, other.body.error.code]).toEqual([404, 'model_not_found']);
    expect(other.body.error.message).toContain('"gpt2"');
  }, 60_000);

  test('Stop a Service: job and processes are gone', async () => {
    expect(await engines()).not.toEqual([]);
    for (const id of Object.values(ids)) {
      const { status, body } = await call('Stop a Service', id);
      expect([status, body.status]).toEqual([200, expect.stringMatching(/^stopp/)]);
    }
    const stopped = async (id: string) =>
      (await call('Check Service Status', id)).body.status === 'stopped';
    for (const id of Object.values(ids))
      await eventually(`${id} to be stopped`, () => stopped(id), 120_000);
    await eventually('no engine is left', async () => (await engines()).length === 0);
    expect(await squeue(wakefield)).toBe('');
    expect((await prompt(ids.talks, { prompt: 'Hello' })).status).toBe(409);
    expect((await call('List vLLM Services')).body).toEqual([]);
  }, 300_000);
});
