import { execFile } from 'node:child_process';
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { seeded } from '../bench/routing/random.ts';
import { type Conversation, makeTrace, messagesOf } from '../bench/routing/trace.ts';
import { eventually, startWakefield, type Wakefield } from './wakefield.ts';

const run = promisify(execFile);
const vllm = process.env.WAKEFIELD_TEST_VLLM ?? '';
const name = 'tiny/fast';
/** Questions of each conversation. */
const turns = 3;

/** What two engines found in their caches, in tokens, since they began. */
interface Cache {
  readonly hits: number;
  readonly queries: number;
}

/** Two real vLLM in real SLURM jobs; the model has random weights, and no text is in both loads. */
describe('two vLLM engines of one model', () => {
  let wakefield: Wakefield;
  const asked = {
    hf_model_id: name,
    gpu_count: 1,
    engine: 'vllm',
    min_replicas: 2,
    max_replicas: 2,
    engine_args: {
      load_format: 'dummy',
      enforce_eager: true,
      max_model_len: 4096,
      enable_prefix_caching: true,
    },
  };

  beforeAll(async () => {
    wakefield = await startWakefield({
      args: ['--slurm'],
      prepare: async (directory) => {
        await symlink(vllm, join(directory, 'vllm'));
        await mkdir(join(directory, 'models'), { recursive: true });
        const maker = join(import.meta.dirname, 'vllm/make_model.py');
        await run(join(vllm, 'venv/bin/python'), [maker, join(directory, 'models', name)]);
      },
    });
    const registered = await wakefield.call('PUT', '/p/demo/models', asked);
    expect(registered.status).toBe(201);
  }, 150_000);

  afterAll(async () => {
    await wakefield.stop();
  }, 30_000);

  const model = async () => (await wakefield.call('GET', `/p/demo/models/${name}`)).body;

  /** Ids of the jobs that serve. */
  async function serving(): Promise<readonly string[]> {
    const { state, reason, jobs } = await model();
    if (state === 'failed' || /exit code/.test(reason ?? '')) throw new Error(reason);
    const ready = jobs.filter((job: { state: string }) => /^(ready|busy)$/.test(job.state));
    return ready.map(({ id }: { id: string }) => id).sort();
  }

  /** The sum over both engines, from their own figures. */
  async function cache(): Promise<Cache> {
    const { databaseUrl } = await wakefield.runFile();
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    try {
      const { rows } = await client.query<{ host: string; port: number }>(
        `select address_host as host, address_port as port from jobs where phase = 'ready'`,
      );
      const texts = await Promise.all(
        rows.map(async ({ host, port }) => (await fetch(`http://${host}:${port}/metrics`)).text()),
      );
      const sum = (metric: string) =>
        texts.reduce((all, text) => all + figureIn(text, `vllm:prefix_cache_${metric}_total`), 0);
      return { hits: sum('hits'), queries: sum('queries') };
    } finally {
      await client.end();
    }
  }

  /** Share of the tokens of a load's prompts that its engine had in its cache. */
  async function hitRate(seed: number): Promise<number> {
    const before = await cache();
    const random = seeded(seed);
    const talks = conversations(seed);
    for (let turn = 0; turn < turns; turn += 1) {
      // Who was answered first does not ask first: the one that is free would always be the one that knows the prompt.
      const order = talks.map((one) => [random(), one] as const).sort(([a], [b]) => a - b);
      await Promise.all(order.map(([, one]) => ask(one, turn)));
    }
    const after = await cache();
    expect(after.queries - before.queries).toBeGreaterThan(50_000);
    return (after.hits - before.hits) / (after.queries - before.queries);
  }

  /** The next question, with all that was said before. */
  async function ask(conversation: Conversation, turn: number): Promise<void> {
    const messages = [...messagesOf(conversation, turn)];
    const body = { model: name, messages, max_tokens: 4 };
    const answer = await wakefield.openai().chat.completions.create(body);
    expect(answer.usage?.completion_tokens).toBeGreaterThan(0);
  }

  test('wake and become ready', async () => {
    await eventually('two engines', async () => (await serving()).length === 2, 900_000);
  }, 920_000);

  test('find more of their prompts with the policy prefix than with least load, and are not replaced for it', async () => {
    const jobs = await serving();
    const leastLoad = await hitRate(1);
    const changed = await wakefield.call('PUT', '/p/demo/models', {
      ...asked,
      routing: { policy: 'prefix' },
    });
    expect(changed.body.routing).toMatchObject({ policy: 'prefix' });
    const prefix = await hitRate(2);
    console.log(
      `vllm:prefix_cache_hits_total by queries: least load ${leastLoad.toFixed(3)}, prefix ${prefix.toFixed(3)}`,
    );
    expect(prefix).toBeGreaterThan(1.15 * leastLoad);
    expect(await serving()).toEqual(jobs);
  }, 300_000);
});

/**
 * Conversations about a long text each, about 1,500 tokens as this tokenizer counts; a few texts are shared. On a fleet of two the
 * second question finds its text by luck in every other case, and by its prefix nearly always.
 */
function conversations(seed: number): readonly Conversation[] {
  const trace = makeTrace({
    seed,
    requests: 400,
    systemPrompts: 5000,
    systemTokens: [300, 400],
    introductionTokens: 0,
    uniqueShare: 0,
    uniqueTokens: [0, 0],
    turns: 6,
    questionTokens: [15, 25],
    answerTokens: [10, 20],
    thinkMs: 0,
    everyMs: 1,
  });
  return trace.filter((one) => one.turns.length >= turns).slice(0, 24);
}

/** Sum over the series of a metric in Prometheus' text format. */
function figureIn(text: string, metric: string): number {
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${metric}{`) || line.startsWith(`${metric} `))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}
