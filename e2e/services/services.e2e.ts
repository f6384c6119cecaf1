import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { setPartitions, slurm, squeue } from '../cluster-jobs.ts';
import { eventually, startWakefield, type Wakefield } from '../wakefield.ts';
import { calls, curl } from './calls.ts';
import { forgetBuild, type SiteRecipes, simulatedVllm } from './site-recipe.ts';

let wakefield: Wakefield;
let place: string;
let recipes: SiteRecipes;

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'site-recipes-'));
  recipes = await simulatedVllm(place);
  const env = { WAKEFIELD_RECIPES: recipes.folder };
  wakefield = await startWakefield({ args: ['--slurm'], env });
}, 150_000);

afterAll(async () => {
  const { body } = await curl('Get Recipe Details', wakefield);
  await wakefield.stop();
  await forgetBuild(body.build.gpu.digest);
  await rm(place, { recursive: true });
}, 30_000);

const done = new Set<string>();
const call = async (title: string, job?: string) => {
  done.add(title);
  return await curl(title, wakefield, job);
};
const statusOf = async (id: string) => (await call('Check Service Status', id)).body.status;
const running = (id: string) =>
  eventually(`${id} to run`, async () => (await statusOf(id)) === 'running', 60_000);

/** The statuses that a service goes through until it runs. */
async function wayOf(id: string, first: string): Promise<readonly string[]> {
  const seen = [first];
  await eventually(
    `${id} to run`,
    async () => {
      const status = await statusOf(id);
      if (seen.at(-1) !== status) seen.push(status);
      return status === 'running' || status === 'failed';
    },
    60_000,
  );
  return seen;
}

/** What SLURM has of a job: `Key=value` words. */
async function jobOf(id: string): Promise<ReadonlyMap<string, string>> {
  const text = await slurm(wakefield, 'scontrol', 'show', 'job', id);
  return new Map(
    [...text.matchAll(/(\S+?)=(\S*)/g)].map(([, name = '', value = '']) => [name, value]),
  );
}

interface Start {
  readonly title: string;
  readonly model: string;
  readonly resources: Readonly<Record<string, unknown>> & { readonly gpu: string | null };
  /** What SLURM says of the job. */
  readonly asked: Readonly<Record<string, string>>;
}

const starts: readonly Start[] = [
  {
    title: 'Create vLLM Service with Default Model',
    model: 'Qwen/Qwen2.5-0.5B-Instruct',
    resources: { nodes: 1, cpu: '8', memory: '64G', time_limit: 120, gpu: '1' },
    asked: { NumCPUs: '8', MinMemoryNode: '64G', TimeLimit: '02:00:00' },
  },
  {
    title: 'Create vLLM Service with Custom Model',
    model: 'gpt2',
    resources: { nodes: 1, cpu: '8', memory: '64G', time_limit: 120, gpu: '1' },
    asked: { NumCPUs: '8', MinMemoryNode: '64G', TimeLimit: '02:00:00' },
  },
  {
    title: 'Create vLLM Service with Custom Model and Resources',
    model: 'gpt2',
    resources: { nodes: 1, cpu: '8', memory: '64G', time_limit: 120, gpu: '1' },
    asked: { NumCPUs: '8', MinMemoryNode: '64G', TimeLimit: '02:00:00' },
  },
  {
    title: 'Create vLLM Service with All Options',
    model: 'gpt2',
    resources: { nodes: 1, cpu: '2', memory: '32G', time_limit: 15, gpu: '1' },
    asked: { NumCPUs: '2', MinMemoryNode: '32G', TimeLimit: '00:15:00' },
  },
  {
    title: 'Create CPU-Only vLLM Service',
    model: 'gpt2',
    resources: { nodes: 1, cpu: '4', memory: '16G', time_limit: 120, gpu: null },
    asked: { NumCPUs: '4', MinMemoryNode: '16G', TimeLimit: '02:00:00' },
  },
];

describe('every call of the document, as it stands', () => {
  /** Of the services that were started, by the call that did. */
  const ids = new Map<string, string>();
  const idOf = (title: string): string => {
    const id = ids.get(title);
    if (id === undefined) throw new Error(`"${title}" started nothing`);
    return id;
  };
  const first = 'Create vLLM Service with Default Model';
  const way = ['pending', 'building', 'starting', 'running'];
  const withGpt2 = 'Create vLLM Service with All Options';

  test('List Available Recipes', async () => {
    const { status, body } = await call('List Available Recipes');
    expect(status).toBe(200);
    expect(body.map(({ name }: { name: string }) => name)).toContain('inference/vllm');
  });

  test('Get Recipe Details', async () => {
    const { status, body } = await call('Get Recipe Details');
    expect([status, body.name]).toEqual([200, 'inference/vllm']);
    expect(body.environment.VLLM_MODEL.default).toBe('Qwen/Qwen2.5-0.5B-Instruct');
  });

  test.each(starts)(
    '$title',
    async ({ title, model, resources, asked }) => {
      // The first waits in the queue for a while, has to build then, and is watched on its way.
      if (title === first) await setPartitions(wakefield, 'DOWN');
      const { status, body, head } = await call(title);
      expect([status, body.error]).toEqual([201, undefined]);
      expect(body).toMatchObject({
        ...{ id: expect.stringMatching(/^\d+$/), recipe_name: 'inference/vllm', model },
        ...{ project: 'demo', cluster: 'slurm-dev', config: { resources } },
        status: expect.stringMatching(/^(pending|building|starting)$/),
        endpoint: `${wakefield.url}/api/v1/services/${body.uuid}/proxy`,
      });
      expect(head).toMatch(new RegExp(`^location: /api/v1/services/${body.uuid}\\r?$`, 'im'));
      ids.set(title, body.id);
      const job = await jobOf(body.id);
      expect(Object.fromEntries(Object.keys(asked).map((name) => [name, job.get(name)]))).toEqual(
        asked,
      );
      if (title === first) {
        expect([job.get('JobState'), await statusOf(body.id)]).toEqual(['PENDING', 'pending']);
        await setPartitions(wakefield, 'UP');
        expect(await wayOf(body.id, body.status)).toEqual(way);
      }
      const gpus = /gpu[:=](\d+)/.exec(job.get('TresPerNode') ?? '')?.[1] ?? null;
      expect([gpus, job.get('NumNodes')]).toEqual([
        resources.gpu ?? '0',
        expect.stringMatching(/^1(-1)?$/),
      ]);
    },
    60_000,
  );

  test('Check Service Status: it built once for all of them', async () => {
    for (const id of ids.values()) await running(id);
    expect(await recipes.builds()).toBe(1);
  }, 120_000);

  test('Get Service Details', async () => {
    const { status, body } = await call('Get Service Details', idOf(first));
    expect(status).toBe(200);
    expect(body).toMatchObject({
      ...{ id: idOf(first), status: 'running', node: expect.stringMatching(/^cn0\d$/) },
      ends_at: expect.any(String),
    });
    expect((await jobOf(idOf(first))).get('NodeList')).toBe(body.node);
    const limit = Date.parse(body.ends_at) - Date.parse(body.started_at);
    expect(limit).toBe(120 * 60_000);
  });

  test('List All Services', async () => {
    const { status, body } = await call('List All Services');
    expect(status).toBe(200);
    expect(body.map(({ id }: { id: string }) => id).sort()).toEqual([...ids.values()].sort());
  });

  test('List vLLM Services: those that run', async () => {
    await Promise.all([...ids.values()].map(running));
    const { status, body } = await call('List vLLM Services');
    expect([status, body.length]).toEqual([200, starts.length]);
    for (const { endpoint, status: one } of body)
      expect([one, endpoint]).toEqual(['running', expect.stringMatching(/^http.*\/proxy$/)]);
  }, 120_000);

  test('Get Service Logs', async () => {
    const { status, body } = await call('Get Service Logs', idOf(first));
    expect(status).toBe(200);
    expect(JSON.stringify(body)).toContain('[simulator]');
  });

  test('Get Available Models', async () => {
    const { status, body } = await call('Get Available Models', idOf(first));
    expect([status, body.models]).toEqual([200, ['Qwen/Qwen2.5-0.5B-Instruct']]);
  });

  test('Send Prompt to vLLM Service', async () => {
    const { status, body } = await call('Send Prompt to vLLM Service', idOf(first));
    expect([status, body.model]).toEqual([200, 'Qwen/Qwen2.5-0.5B-Instruct']);
    expect(body.text.length).toBeGreaterThan(0);
    expect(body.usage.completion_tokens).toBeLessThanOrEqual(100);
  });

  test('Send Prompt with Advanced Options', async () => {
    const { status, body } = await call('Send Prompt with Advanced Options', idOf(withGpt2));
    expect([status, body.model]).toEqual([200, 'gpt2']);
    expect(body.usage.completion_tokens).toBeLessThanOrEqual(64);
  });

  test('endpoint is reached with the caller’s key, and is an OpenAI base URL', async () => {
    const { body } = await call('Get Service Details', idOf(withGpt2));
    const models = await fetch(`${body.endpoint}/v1/models`, {
      headers: { authorization: `Bearer ${wakefield.key}` },
    });
    expect(models.status).toBe(200);
    expect(JSON.stringify(await models.json())).toContain('gpt2');
    expect((await fetch(`${body.endpoint}/v1/models`)).status).toBe(401);
  });

  test('Stop a Service', async () => {
    const id = idOf(first);
    const { status, body } = await call('Stop a Service', id);
    expect([status, body.status]).toEqual([200, expect.stringMatching(/^stopp/)]);
    await eventually('it is stopped', async () => (await statusOf(id)) === 'stopped', 60_000);
    expect((await squeue(wakefield)).split('\n').some((line) => line.startsWith(`${id}|`))).toBe(
      false,
    );
    expect((await call('Stop a Service', id)).body.status).toBe('stopped');
    const others = await call('List vLLM Services');
    expect(others.body).toHaveLength(starts.length - 1);
  }, 90_000);

  test('what the cluster does not have is refused by name', async () => {
    const resources = { memory: '500G', gpu: '9' };
    const body = { recipe_name: 'inference/vllm', config: { resources } };
    const answer = await wakefield.call('POST', '/api/v1/services', body);
    expect([answer.status, answer.body.error?.param]).toEqual([400, 'config.resources.memory']);
    expect(answer.body.error.message).toMatch(
      /^config.resources.memory must be at most 131072M on this cluster. config.resources.gpu must /,
    );
  });

  test('that was all of them', () => {
    expect([...done].sort()).toEqual([...calls.keys()].sort());
  });
});
