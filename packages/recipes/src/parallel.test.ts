import { beforeAll, describe, expect, test } from '@jest/globals';
import { loadRecipes } from './catalog.ts';
import type { ServiceRecipes } from './service-recipes.ts';

let services: ServiceRecipes;
beforeAll(async () => {
  services = (await loadRecipes()).services;
});

function problems(path: string, sizes: readonly (number | null)[], nodes: number, gpu: unknown) {
  const word = path === 'inference/vllm' ? 'VLLM' : 'SGLANG';
  const [tensor, pipeline] = sizes;
  const environment = {
    ...(tensor === null ? {} : { [`${word}_TENSOR_PARALLEL_SIZE`]: tensor }),
    ...(pipeline === null ? {} : { [`${word}_PIPELINE_PARALLEL_SIZE`]: String(pipeline) }),
  };
  const result = services.resolve(path, { environment, resources: { nodes, gpu } });
  return 'problems' in result ? result.problems : [];
}

describe.each([
  ['inference/vllm', 'VLLM'],
  ['inference/sglang', 'SGLANG'],
])('how far %s is spread', (path, word) => {
  const tensor = `config.environment.${word}_TENSOR_PARALLEL_SIZE`;
  const pipeline = `config.environment.${word}_PIPELINE_PARALLEL_SIZE`;

  test.each([
    [[null, null], 1, 1],
    [[null, null], 2, 4],
    [[4, null], 1, 4],
    [[2, 2], 1, 4],
    [[1, 1], 1, 4],
    [[2, null], 2, 4],
    [[8, 2], 4, 4],
  ])('%j on %d nodes of %d GPUs', (sizes, nodes, gpu) => {
    expect(problems(path, sizes, nodes, gpu)).toEqual([]);
  });

  test.each([
    [[4, null], 1, 1, tensor, 'asks for 4 GPUs, and the job has 1'],
    [[4, 2], 1, 4, pipeline, 'asks for 8 GPUs, and the job has 4'],
    // All of them share each layer, unless that is said, too.
    [[null, 2], 1, 4, pipeline, 'asks for 8 GPUs, and the job has 4'],
    [[4, null], 3, 4, tensor, 'does not go with 3 nodes'],
    [[1, 1], 2, 1, pipeline, 'does not go with 2 nodes'],
  ])('not %j on %d nodes of %d GPUs', (sizes, nodes, gpu, param, words) => {
    const found = problems(path, sizes, nodes, gpu);
    expect(found).toEqual([{ param, message: expect.stringContaining(words) }]);
  });
});

test('vLLM on CPUs', () => {
  const on = (sizes: readonly (number | null)[], nodes: number) =>
    problems('inference/vllm', sizes, nodes, null).map(
      ({ param, message }) => `${param} ${message}`,
    );
  expect(on([2, null], 1)).toEqual([]);
  expect(on([2, null], 2)).toEqual([]);
  const told = (tensorSize: number, product: number) =>
    `does not go with 2 nodes, which share the processes evenly: VLLM_TENSOR_PARALLEL_SIZE ${tensorSize} × VLLM_PIPELINE_PARALLEL_SIZE 1 is ${product}`;
  expect(on([null, null], 2)).toEqual([`config.resources.nodes ${told(1, 1)}`]);
  expect(on([3, null], 2)).toEqual([`config.environment.VLLM_TENSOR_PARALLEL_SIZE ${told(3, 3)}`]);
});

test('what says nothing of sizes is not asked', () => {
  expect(services.resolve('simulator', { resources: { nodes: 2 } })).toHaveProperty('service');
});
