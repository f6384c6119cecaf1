import { beforeAll, describe, expect, test } from '@jest/globals';
import type { ClusterBounds } from '@wakefield/domain';

import { loadRecipes } from './catalog.ts';
import { resolveService, type ServiceConfig } from './resolve.ts';
import { recipeSchema } from './schema.ts';
import type { ServiceRecipes } from './service-recipes.ts';

let services: ServiceRecipes;
beforeAll(async () => {
  services = (await loadRecipes()).services;
});

const password = { MINIO_ROOT_PASSWORD: 'planted-by-me' };

function resolved(path: string, config: ServiceConfig = {}, bounds?: ClusterBounds) {
  const result = services.resolve(path, config, bounds);
  if ('problems' in result) throw new Error(JSON.stringify(result.problems));
  return result.service;
}

function problems(path: string, config: ServiceConfig, bounds?: ClusterBounds) {
  const result = services.resolve(path, config, bounds);
  return 'problems' in result
    ? result.problems.map(({ param, message }) => `${param} ${message}`)
    : [];
}

describe('what the seed document sends', () => {
  test('a recipe alone', () => {
    expect(resolved('inference/vllm')).toEqual({
      recipe: 'inference/vllm',
      model: 'Qwen/Qwen2.5-0.5B-Instruct',
      args: {},
      environment: { VLLM_MODEL: 'Qwen/Qwen2.5-0.5B-Instruct' },
      exported: {},
      ignored: {},
      resources: { nodes: 1, cpu: 8, memory: '64G', time_limit: 120, gpu: 1 },
      access: {
        permission: 'infer',
        key: { kind: 'authorization', scheme: 'Bearer' },
        underBasePath: false,
        websocket: true,
      },
    });
  });

  test('all options', () => {
    const environment = {
      VLLM_MODEL: 'gpt2',
      VLLM_HOST: '0.0.0.0',
      VLLM_PORT: '8001',
      VLLM_MAX_MODEL_LEN: '2048',
      VLLM_TENSOR_PARALLEL_SIZE: '1',
      VLLM_GPU_MEMORY_UTILIZATION: '0.9',
      CUDA_VISIBLE_DEVICES: '0',
    };
    const resources = { nodes: 1, cpu: '2', memory: '32G', time_limit: 15, gpu: '1' };
    const service = resolved('inference/vllm', { environment, resources });
    expect(service).toMatchObject({
      model: 'gpt2',
      args: { max_model_len: 2048, tensor_parallel_size: 1, gpu_memory_utilization: 0.9 },
      exported: {},
      resources: { nodes: 1, cpu: 2, memory: '32G', time_limit: 15, gpu: 1 },
    });
    expect(Object.keys(service.ignored).sort()).toEqual([
      'CUDA_VISIBLE_DEVICES',
      'VLLM_HOST',
      'VLLM_PORT',
    ]);
    expect(service.environment).toMatchObject({ VLLM_PORT: '8001' });
  });

  test('without GPU', () => {
    const resources = { nodes: 1, cpu: '4', memory: '16G', gpu: null };
    const service = resolved('inference/vllm', { environment: { VLLM_MODEL: 'gpt2' }, resources });
    expect(service).toMatchObject({
      args: { enforce_eager: true, dtype: 'bfloat16' },
      exported: { VLLM_CPU_KVCACHE_SPACE: '4' },
      resources: { cpu: 4, memory: '16G', time_limit: 120, gpu: null },
    });
    const own = { VLLM_CPU_KVCACHE_SPACE: 9, VLLM_DTYPE: 'auto', VLLM_ENFORCE_EAGER: 'false' };
    expect(resolved('inference/vllm', { environment: own, resources })).toMatchObject({
      args: { enforce_eager: false, dtype: 'auto' },
      exported: { VLLM_CPU_KVCACHE_SPACE: '9' },
    });
  });
});

describe('given goes before CPUs, these before the variable, that before the parameter', () => {
  const { service, ...recipe } = recipeSchema.parse({
    name: 'layers',
    description: 'A stand-in.',
    tried: ['1'],
    drain_grace_seconds: 5,
    command: ['x', '{engine_args}'],
    parameters: {
      speed: { type: 'integer', description: 'd', flag: '--speed', default: 1 },
      plain: { type: 'integer', description: 'd', flag: '--plain', default: 1 },
      width: { type: 'integer', description: 'd', flag: '--width', default_from: 'gpu_count' },
      eager: { type: 'boolean', description: 'd', flag: '--eager', default: true },
    },
    probes: { health: '/' },
    metrics: { path: null },
    service: {
      variables: {
        SPEED: { sets: 'parameter', parameter: 'speed', default: 2 },
        PLAIN: { sets: 'parameter', parameter: 'plain' },
        WIDTH: { sets: 'parameter', parameter: 'width' },
        EAGER: { sets: 'parameter', parameter: 'eager', default: true },
        THREADS: {
          sets: 'environment',
          description: 'd',
          value: { type: 'integer', min: 1, default: 2 },
        },
        OPEN: { sets: 'environment', description: 'd', value: { type: 'integer' } },
      },
      resources: { cpu: 1, memory: '1G', time_limit: 1, gpu: 1 },
      cpu_only: {
        parameters: { speed: 3, eager: false },
        environment: { THREADS: '3', QUIET: 'yes' },
      },
      ports: [{ name: 'http', protocol: 'http' }],
    },
  });
  if (service === undefined) throw new Error('it is a service');

  test.each([
    ['GPUs', 1, {}, { speed: 2, plain: 1, eager: true }, { THREADS: '2' }],
    ['CPUs', null, {}, { speed: 3, plain: 1, eager: false }, { THREADS: '3', QUIET: 'yes' }],
    [
      'CPUs, given',
      null,
      { SPEED: 4, PLAIN: 4, WIDTH: 4, EAGER: true, THREADS: '4', OPEN: 4 },
      { speed: 4, plain: 4, width: 4, eager: true },
      { THREADS: '4', OPEN: '4', QUIET: 'yes' },
    ],
    [
      'GPUs, given',
      1,
      { SPEED: 4, PLAIN: 4, EAGER: false, THREADS: 4 },
      { speed: 4, plain: 4, eager: false },
      { THREADS: '4' },
    ],
  ])('%s', (_name, gpu, environment, args, exported) => {
    const entry = { path: 'layers', recipe: { ...recipe, service } };
    const result = resolveService(entry, { environment, resources: { gpu } });
    const told = Object.entries(args).map(([name, value]) => [name.toUpperCase(), String(value)]);
    expect(result).toHaveProperty('service.args', args);
    expect(result).toHaveProperty('service.exported', exported);
    expect(result).toHaveProperty('service.environment', {
      ...Object.fromEntries(told),
      ...exported,
    });
  });
});

describe('folders', () => {
  const told = 'config.environment.MINIO_DATA must be an absolute folder like /scratch/me';

  test.each(['/data', '/scratch/of me/a.b', "/a/.b/..c/d'e", 'storage'])('%j', (folder) => {
    const environment = { MINIO_DATA: folder, ...password };
    expect(resolved('storage/minio', { environment }).exported.MINIO_DATA).toBe(folder);
  });

  test.each([
    ...[
      '',
      '/',
      '//',
      '/a/',
      '/a//b',
      'data',
      './storage',
      'storage/x',
      '~',
      '/a/../b',
      '/..',
      '/.',
    ],
    ...[
      '/a:/etc',
      '/a,/etc:/etc',
      '/a"b',
      '/a\\:b',
      '/a\nb',
      '/a\n',
      '/a\0',
      5,
      null,
      true,
      ['/a'],
    ],
  ])('not %j', (folder) => {
    const found = problems('storage/minio', {
      environment: { MINIO_DATA: folder, ...password },
    });
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(told);
  });
});

describe('every bad value is refused by its name', () => {
  test('all of them at once', () => {
    const environment = { VLLM_MODLE: 'gpt2', VLLM_MAX_MODEL_LEN: 'many' };
    const resources = { cpu: 'eight', memroy: '1G' };
    expect(problems('inference/vllm', { environment, resources })).toEqual([
      'config.environment.VLLM_MODLE is no variable of this recipe; did you mean VLLM_MODEL?',
      'config.environment.VLLM_MAX_MODEL_LEN must be an integer',
      'config.resources.memroy is unknown; did you mean memory?',
      'config.resources.cpu must be a whole number from 1, like "8"',
    ]);
  });

  test.each([
    ['VLLM_MODEL', '-x', 'must match'],
    ['VLLM_MODEL', 'a/../../etc', 'must match'],
    ['VLLM_MODEL', '$(id)', 'must match'],
    ['VLLM_MODEL', 'a\nb', 'must match'],
    ['VLLM_MODEL', null, 'must be a string'],
    ['VLLM_MAX_MODEL_LEN', '0', 'must be at least 1'],
    ['VLLM_MAX_MODEL_LEN', '1e3', 'must be an integer'],
    ['VLLM_MAX_MODEL_LEN', '0x10', 'must be an integer'],
    ['VLLM_MAX_MODEL_LEN', ' 5', 'must be an integer'],
    ['VLLM_GPU_MEMORY_UTILIZATION', '1.5', 'must be at most 1'],
    ['VLLM_GPU_MEMORY_UTILIZATION', 'NaN', 'must be a number'],
    ['VLLM_ENFORCE_EAGER', 'yes', 'must be true or false'],
    ['VLLM_DTYPE', 'int1', 'must be one of'],
    ['VLLM_PORT', '70000', 'must be at most 65535'],
    ['VLLM_ENABLE_AUTO_TOOL_CHOICE', 'true', 'needs VLLM_TOOL_CALL_PARSER as well'],
    ['LD_PRELOAD', '/x', 'is no variable'],
    ['toString', 'x', 'is no variable'],
    ['__proto__', 'x', 'is no variable'],
  ])('%s = %j', (name, value, words) => {
    const environment = Object.fromEntries([[name, value]]);
    const found = problems('inference/vllm', { environment });
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(`config.environment.${name} ${words}`);
  });

  test('a recipe that is not there, with what is meant', () => {
    expect(() => services.resolve('inference/vlm', {})).toThrow('Did you mean "inference/vllm"?');
    expect(() => services.resolve('vllm', {})).toThrow('Did you mean "inference/vllm"?');
    expect(() => services.resolve('../../etc', {})).toThrow('There is no recipe "../../etc"');
  });
});

test('each recipe resolves and renders by its defaults, with no key and no secret in its script', () => {
  expect(services.list.length).toBe(9);
  for (const { path, recipe } of services.list) {
    const { script, secretFiles } = services.render({
      service: resolved(path, path === 'storage/minio' ? { environment: password } : {}),
      name: 'wf-t-1-1',
      engineKey: 'sk-test',
      profile: {
        jobsDirectory: '/jobs',
        bindHost: '127.0.0.1',
        advertise: { kind: 'hostname' },
        ports: { from: 1, to: 2 },
        modelDirectory: null,
        setup: {},
        environment: {},
      },
      basePath: '/x',
    });
    expect(script).not.toMatch(/sk-test|planted/);
    expect(script).not.toMatch(/<<[a-z_]+>>/);
    expect(secretFiles.key).toBe('sk-test\n');
    expect(script.includes('wf_build=')).toBe(recipe.build !== undefined);
  }
});
