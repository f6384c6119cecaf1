import { beforeAll, describe, expect, test } from '@jest/globals';
import type { ClusterBounds } from '@wakefield/domain';
import { loadRecipes } from './catalog.ts';
import type { ServiceConfig } from './resolve.ts';
import type { ServiceRecipes } from './service-recipes.ts';

let services: ServiceRecipes;
beforeAll(async () => {
  services = (await loadRecipes()).services;
});

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

describe('resources of a job', () => {
  const bounds = { nodes: 2, cpus: 64, memoryBytes: 2 ** 37, gpus: 4, minutes: 600 };
  test.each([
    [{ nodes: 0 }, 'nodes must be a whole number'],
    [{ nodes: 3 }, 'nodes must be at most 2 on this cluster'],
    [{ nodes: 1.5 }, 'nodes must be a whole number'],
    [{ nodes: null }, 'nodes must be a whole number'],
    [{ cpu: '65' }, 'cpu must be at most 64 on this cluster'],
    [{ cpu: '-1' }, 'cpu must be a whole number'],
    [{ cpu: '8 ' }, 'cpu must be a whole number'],
    [{ memory: '64' }, 'memory must be a size'],
    [{ memory: 64 }, 'memory must be a size'],
    [{ memory: '64GB' }, 'memory must be a size'],
    [{ memory: '0G' }, 'memory must be a size'],
    [{ memory: '129G' }, 'memory must be at most 131072M on this cluster'],
    [{ memory: '1K' }, 'memory must be at least 64M'],
    [{ memory: '63M' }, 'memory must be at least 64M'],
    [{ time_limit: '2:00:00' }, 'time_limit must be a whole number of minutes from 1, like "120"'],
    [{ time_limit: 601 }, 'time_limit must be at most 600 minutes on this cluster'],
    [{ gpu: 'a100:1' }, 'gpu must be a whole number'],
    [{ gpu: 5 }, 'gpu must be at most 4 on this cluster'],
  ])('%j', (resources, words) => {
    const found = problems('inference/vllm', { resources }, bounds);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(`config.resources.${words}`);
  });

  test('what a cluster gives all jobs alike is told as ignored where it was asked for', () => {
    const alike = { fixedSize: true } as const;
    expect(resolved('simulator', {}, alike).ignored).toEqual({});
    const { ignored, resources } = resolved('simulator', { resources: { memory: '2G' } }, alike);
    expect(ignored).toEqual({ 'resources.memory': expect.stringContaining('all jobs') });
    expect(resources.memory).toBe('2G');
    expect(problems('simulator', { resources: { memory: '2 G' } }, alike)).toHaveLength(1);
  });

  test('what nobody asked for is at most what the cluster has', () => {
    const small = { cpus: 2, memoryBytes: 1.5 * 2 ** 30 + 5, minutes: 30 };
    const { resources } = resolved('inference/vllm', { resources: { gpu: null } }, small);
    expect(resources).toEqual({ nodes: 1, cpu: 2, memory: '1536M', time_limit: 30, gpu: null });
    const asked = { gpu: null, cpu: 8, memory: '64G', time_limit: 120 };
    expect(problems('inference/vllm', { resources: asked }, small)).toHaveLength(3);
    expect(resolved('inference/vllm', {}, bounds).resources).toEqual(
      resolved('inference/vllm').resources,
    );
  });

  test('what a recipe cannot do', () => {
    expect(problems('inference/sglang', { resources: { gpu: null } })).toEqual([
      'config.resources.gpu must not be null: this recipe needs a GPU',
    ]);
    expect(problems('notebook/jupyter', { resources: { nodes: 2 } })).toEqual([
      'config.resources.nodes must be at most 1: this recipe runs on one node',
    ]);
    expect(problems('inference/vllm', {}, { ...bounds, gpus: 0 })).toEqual([
      'config.resources.gpu must be null: this cluster has no GPUs',
    ]);
  });
});
