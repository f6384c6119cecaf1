import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { squeue } from '../cluster-jobs.ts';
import { type Answer, eventually, startWakefield, type Wakefield } from '../wakefield.ts';
import { curl } from './calls.ts';
import { forgetBuild } from './site-recipe.ts';
import { vllmOnCpus } from './vllm-recipe.ts';

const run = promisify(execFile);
const vllm = process.env.WAKEFIELD_TEST_VLLM ?? '';
/** The models of the document, as small ones with random weights. The second knows no chats. */
const models = { talks: 'Qwen/Qwen2.5-0.5B-Instruct', completes: 'gpt2' };
const START_WITHIN_MS = 600_000;
/** Some GB come from the registry first. */
const BUILD_WITHIN_MS = 1_800_000;

let wakefield: Wakefield;
let folder: string;
let digest: string;
/** Ids of the jobs. */
const ids = { talks: '', completes: '' };
const call = (title: string, job?: string) => curl(title, wakefield, job);
const prompt = (id: string, body: object) =>
  wakefield.call('POST', `/api/v1/vllm/${id}/prompt`, body);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'site-recipes-'));
  await vllmOnCpus(folder, join(vllm, 'venv'));
  wakefield = await startWakefield({
    args: ['--slurm'],
    env: { WAKEFIELD_RECIPES: folder },
    prepare: async (directory) => {
      await mkdir(join(directory, 'models'), { recursive: true });
      const make = (model: string, ...flags: readonly string[]) =>
        run(join(vllm, 'venv/bin/python'), [
          join(import.meta.dirname, '../vllm/make_model.py'),
          ...[join(directory, 'models', model), '--weights', ...flags],
        ]);
      await Promise.all([make(models.talks), make(models.completes, '--no-template')]);
    },
  });
  digest = (await call('Get Recipe Details')).body.build.gpu.digest;
  // One of an earlier run that was killed.
  await forgetBuild(digest);
}, 150_000);

afterAll(async () => {
  await wakefield.stop();
  await forgetBuild(digest);
  await rm(folder, { recursive: true });
}, 120_000);

/** The statuses that a service goes through from its start until it runs. */
async function wayOf(
  id: string,
  first: string,
  withinMs = START_WITHIN_MS,
): Promise<readonly string[]> {
  const seen = [first];
  await eventually(
    `${id} to run`,
    async () => {
      const { status, reason } = (await call('Check Service Status', id)).body;
      if (seen.at(-1) !== status) seen.push(status);
      if (status === 'failed') throw new Error(reason);
      return status === 'running';
    },
    withinMs,
  );
  return seen;
}

const logOf = async (id: string): Promise<string> =>
  (await wakefield.call('GET', `/api/v1/services/${id}/logs?tail=all`)).body;

async function stop(id: string): Promise<void> {
  const { status, body } = await call('Stop a Service', id);
  expect([status, body.status]).toEqual([200, expect.stringMatching(/^stopp/)]);
  await eventually(
    `${id} to be stopped`,
    async () => (await call('Check Service Status', id)).body.status === 'stopped',
    120_000,
  );
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

/** What each of the document's calls asks for, as it is resolved, and the longest context of what is started. */
const asGpu = { nodes: 1, cpu: '8', memory: '64G', time_limit: 120, gpu: '1' };
const others = [
  { title: 'Create vLLM Service with Custom Model', resources: asGpu, context: '8192' },
  {
    title: 'Create vLLM Service with Custom Model and Resources',
    resources: asGpu,
    context: '8192',
  },
  {
    title: 'Create vLLM Service with All Options',
    resources: { nodes: 1, cpu: '2', memory: '32G', time_limit: 15, gpu: '1' },
    context: '2048',
  },
];

/**
 * Every call as it stands. What a machine without GPUs and without the world's models cannot have: the GPUs, which the nodes of
 * the private SLURM only say they have, so that the recipe is that of `vllmOnCpus`; and the weights of the models, random here.
 */
describe('the calls of the document on real vLLM without GPU', () => {
  test('Create vLLM Service with Default Model: built, started, and there', async () => {
    const { status, body } = await call('Create vLLM Service with Default Model');
    expect([status, body.error]).toEqual([201, undefined]);
    expect(body).toMatchObject({
      ...{ model: models.talks, cluster: 'slurm-dev', config: { resources: asGpu } },
    });
    ids.talks = body.id;
    // Nobody's prompt waits for an engine that is built for minutes.
    const early = await prompt(ids.talks, { prompt: 'Hello' });
    expect([early.status, early.body.error.code]).toEqual([409, 'service_not_ready']);
    expect(early.body.error.message).toMatch(/its status is (pending|building|starting)[.:]/);
    expect((await call('Get Available Models', ids.talks)).status).toBe(409);
    expect((await call('List vLLM Services')).body).toEqual([]);
    const way = await wayOf(ids.talks, body.status, BUILD_WITHIN_MS);
    expect(way.join()).toMatch(/^(pending,)?building,starting,running$/);
    expect(await logOf(ids.talks)).toMatch(/^wakefield: building .*\bvllm-cpu==0\.29\.0\b/m);
  }, 1_900_000);

  test.each(others)(
    '$title',
    async ({ title, resources, context }) => {
      const { status, body } = await call(title);
      expect([status, body.error]).toEqual([201, undefined]);
      expect(body).toMatchObject({ model: models.completes, config: { resources } });
      // What stands there is used, and a flash of `building` is the look whether it does.
      const way = (await wayOf(body.id, body.status)).join();
      expect(way).toMatch(/^(pending,)?(building,)?starting,running$/);
      expect(await logOf(body.id)).not.toContain('wakefield: building');
      const listed = await call('Get Available Models', body.id);
      expect(listed.body).toEqual({ id: body.id, models: [models.completes] });
      const answer = await call('Send Prompt to vLLM Service', body.id);
      expect([answer.status, answer.body.model]).toEqual([200, models.completes]);
      const refused = await prompt(body.id, { prompt: 'Hello', max_tokens: 100_000 });
      expect([refused.status, refused.body.error.code]).toEqual([400, 400]);
      expect(refused.body.error.message).toContain(context);
      await stop(body.id);
    },
    900_000,
  );

  test('Create CPU-Only vLLM Service', async () => {
    const { status, body } = await call('Create CPU-Only vLLM Service');
    expect([status, body.error]).toEqual([201, undefined]);
    const resources = { nodes: 1, cpu: '4', memory: '16G', time_limit: 120, gpu: null };
    expect(body).toMatchObject({ model: models.completes, config: { resources } });
    ids.completes = body.id;
    const way = (await wayOf(body.id, body.status)).join();
    expect(way).toMatch(/^(pending,)?(building,)?starting,running$/);
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
    for (const id of Object.values(ids)) {
      const { status, body } = await prompt(id, { prompt: 'Hello', max_tokens: 100_000 });
      expect([status, body.error.code]).toEqual([400, 400]);
      expect(body.error.message).toContain('8192');
    }
    const other = await prompt(ids.completes, { prompt: 'Hello', model: 'gpt3' });
    expect([other.status, other.body.error.code]).toEqual([404, 'model_not_found']);
    expect(other.body.error.message).toContain('"gpt2"');
  }, 60_000);

  test('Stop a Service: job and processes are gone', async () => {
    expect(await engines()).not.toEqual([]);
    await Promise.all(Object.values(ids).map(stop));
    await eventually('no engine is left', async () => (await engines()).length === 0);
    expect(await squeue(wakefield)).toBe('');
    expect((await prompt(ids.talks, { prompt: 'Hello' })).status).toBe(409);
    expect((await call('List vLLM Services')).body).toEqual([]);
  }, 300_000);
});
