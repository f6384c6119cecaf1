import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import type { RecipeSummaryJson } from '@wakefield/contracts';
import type { Principal } from '@wakefield/domain';
import { apiSuite } from '../../../test/api-suite.ts';

const folder = await mkdtemp(join(tmpdir(), 'site-recipes-'));
await mkdir(join(folder, 'vector/ours'), { recursive: true });
await writeFile(
  join(folder, 'vector/ours/recipe.yaml'),
  `name: ours
description: Of this site.
tried: ["1"]
drain_grace_seconds: 5
command: [ours, "--port={port}"]
probes: { health: /ok }
metrics: { path: null }
service:
  variables: {}
  resources: { cpu: 1, memory: 1G, time_limit: 10, gpu: 2 }
  ports: [{ name: http, protocol: http }]
`,
);
afterAll(() => rm(folder, { recursive: true }));

const stranger: Principal = { kind: 'user', id: 'x:nobody', grants: [] };
const api = apiSuite({
  recipeFolders: [folder],
  identifier: {
    identify: (authorization) => (authorization === 'Bearer stranger' ? stranger : null),
  },
});
const get = (path: string) => api.call('GET', path, { key: 'stranger' });
const names = (body: readonly RecipeSummaryJson[]) => body.map(({ name }) => name);

describe('GET /api/v1/recipes', () => {
  it('has those that come along and those of the site, by name, for whoever is known', async () => {
    const { status, body } = await get('/api/v1/recipes');
    expect(status).toBe(200);
    expect(names(body)).toEqual([
      'inference/llama-cpp',
      'inference/ollama',
      'inference/sglang',
      'inference/tei',
      'inference/vllm',
      'notebook/jupyter',
      'simulator',
      'storage/minio',
      'vector/ours',
      'vector/qdrant',
    ]);
    expect(body[4]).toMatchObject({ category: 'inference', untested: false, needs_gpu: false });
    expect(body[8]).toMatchObject({ description: 'Of this site.', needs_gpu: true, tried: ['1'] });
    expect((await api.call('GET', '/api/v1/recipes', { key: 'nobody' })).status).toBe(401);
  });

  it('filters', async () => {
    expect(names((await get('/api/v1/recipes?category=vector')).body)).toEqual([
      'vector/ours',
      'vector/qdrant',
    ]);
    expect(names((await get('/api/v1/recipes?needs_gpu=true')).body)).toEqual([
      'inference/sglang',
      'vector/ours',
    ]);
    const { body } = await get('/api/v1/recipes?category=vector&untested=false');
    expect(names(body)).toEqual(['vector/ours']);
    expect((await get('/api/v1/recipes?category=none')).body).toEqual([]);
  });

  it('goes on page by page, with its filters', async () => {
    const seen: string[] = [];
    let next: string | undefined = '/api/v1/recipes?category=inference&limit=2';
    while (next !== undefined) {
      const { body, headers } = await get(next);
      expect(body.length).toBeLessThanOrEqual(2);
      seen.push(...names(body));
      next = /^<(.*)>; rel="next"$/.exec(headers.get('link') ?? '')?.[1];
    }
    expect(seen).toEqual(
      ['llama-cpp', 'ollama', 'sglang', 'tei', 'vllm'].map((n) => `inference/${n}`),
    );
  });

  it.each([
    ['limit=0', 'limit'],
    ['untested=maybe', 'untested'],
    ['category=A', 'category'],
    ['after=../x', 'after'],
    ['kategory=x', 'kategory'],
  ])('refuses %s by name', async (query, param) => {
    const { status, body } = await get(`/api/v1/recipes?${query}`);
    expect([status, body.error.code, body.error.param]).toEqual([400, 'invalid_request', param]);
  });
});

describe('GET /api/v1/recipes/{recipe_path}', () => {
  it.each(['inference/vllm', 'inference%2Fvllm'])('%s', async (path) => {
    const { status, body } = await get(`/api/v1/recipes/${path}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      name: 'inference/vllm',
      environment: {
        VLLM_MODEL: { type: 'string', default: 'Qwen/Qwen2.5-0.5B-Instruct', ignored: null },
        VLLM_MAX_MODEL_LEN: { type: 'integer', default: null, min: 1, pattern: null },
        VLLM_DTYPE: {
          enum: expect.arrayContaining(['bfloat16']),
          ...{ default: null, default_on_cpus: 'bfloat16' },
        },
        VLLM_CPU_KVCACHE_SPACE: { default: null, default_on_cpus: 4 },
        VLLM_PORT: { ignored: expect.stringContaining('free port') },
      },
      resources: { nodes: 1, cpu: '8', memory: '64G', time_limit: 120, gpu: '1' },
      ports: [{ name: 'http', websocket: true }],
      readiness: '/health',
      metrics: '/metrics',
      build: { gpu: { kind: 'venv', digest: expect.stringMatching(/^[0-9a-f]{16}$/) }, cpu: null },
      cpu_only: {
        parameters: { enforce_eager: true, dtype: 'bfloat16' },
        environment: { VLLM_CPU_KVCACHE_SPACE: '4' },
      },
      forms: { cpu: 'tried', gpu: 'untested', several_nodes: 'untested', build: 'untested' },
      several_nodes: true,
      models: true,
    });
  });

  it('has folders as text with a pattern', async () => {
    const { status, body } = await get('/api/v1/recipes/storage/minio');
    expect(status).toBe(200);
    expect(body.environment.MINIO_DATA).toMatchObject({ type: 'string', default: 'storage' });
    const pattern = new RegExp(`^(?:${body.environment.MINIO_DATA.pattern})$`);
    expect(['storage', '/scratch/me', '/a:/b', 'x'].map((text) => pattern.test(text))).toEqual([
      ...[true, true, false, false],
    ]);
    expect(body.environment).toMatchObject({
      MINIO_ROOT_USER: { secret: false },
      MINIO_ROOT_PASSWORD: { secret: true, default: null },
    });
    expect(body.environment.MINIO_REGION.pattern).toBe('[a-z0-9-]{1,64}');
  });

  it.each([
    ['inference/vllm', 'infer', true, false, true],
    ['inference/ollama', 'infer', false, false, false],
    ['notebook/jupyter', 'manage', true, true, true],
    ['storage/minio', 'manage', false, false, false],
    // What a recipe does not say of it.
    ['vector/ours', 'manage', true, false, false],
  ])('says whom requests reach %s for, and how', async (path, permission, key, below, proves) => {
    expect((await get(`/api/v1/recipes/${path}`)).body).toMatchObject({
      access: { permission, key, under_base_path: below },
      proves_itself: proves,
    });
  });

  it('is of every one that is listed', async () => {
    const { body } = await get('/api/v1/recipes');
    for (const summary of body as RecipeSummaryJson[]) {
      const one = await get(`/api/v1/recipes/${summary.name}`);
      expect(one.body).toMatchObject(summary);
    }
    expect((await get('/api/v1/recipes/inference/sglang')).body).toMatchObject({
      ...{ needs_gpu: true, cpu_only: null, forms: { cpu: null } },
    });
    expect((await get('/api/v1/recipes/simulator')).body).toMatchObject({
      models: true,
      resources: { gpu: null },
      environment: { SIMULATOR_LOAD_SECONDS: { type: 'number', default: 2, min: 0 } },
    });
  });

  it('that is not there says what is meant', async () => {
    const { status, body } = await get('/api/v1/recipes/inference/vlm');
    expect(status).toBe(404);
    expect(body.error).toMatchObject({ code: 'recipe_not_found', param: 'recipe_path' });
    expect(body.error.message).toContain('Did you mean "inference/vllm"?');
    expect((await get('/api/v1/recipes/inference/..%2f..%2fetc')).status).toBe(400);
    expect((await get('/api/v1/recipes/a/b/c')).status).toBe(400);
  });
});
