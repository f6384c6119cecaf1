import { describe, expect, test } from '@jest/globals';
import { checkArguments, checkShape } from './check-arguments.ts';
import { type Recipe, recipeSchema } from './schema.ts';

const recipe: Recipe = recipeSchema.parse({
  name: 'engine',
  description: 'An engine.',
  tried: [],
  drain_grace_seconds: 10,
  command: ['engine', '{engine_args}'],
  parameters: {
    length: { type: 'integer', description: 'd', flag: '--length', min: 1, max: 10 },
    share: { type: 'number', description: 'd', flag: '--share', min: 0, max: 1 },
    eager: { type: 'boolean', description: 'd', flag: '--eager' },
    format: { type: 'string', description: 'd', flag: '--format', enum: ['a', 'b'] },
    revision: { type: 'string', description: 'd', flag: '--revision', pattern: '[a-z]+' },
    tools: { type: 'boolean', description: 'd', flag: '--tools', requires: ['revision'] },
  },
  probes: { health: '/health', models: '/v1/models', warm_up: [] },
  metrics: { path: null, running: [], waiting: [] },
});

describe('engine_args', () => {
  test.each([
    {},
    { length: 1 },
    { length: 10, share: 0.5, eager: false, format: 'b', revision: 'main' },
    { tools: true, revision: 'x' },
  ])('%j are fine', (args) => {
    expect(checkArguments(recipe, args)).toBeNull();
  });

  test.each([
    [{ length: 0 }, 'length', 'must be at least 1'],
    [{ length: 11 }, 'length', 'must be at most 10'],
    [{ length: 1.5 }, 'length', 'must be an integer'],
    [{ length: '5' }, 'length', 'must be an integer'],
    [{ length: null }, 'length', 'must be an integer'],
    [{ share: 'half' }, 'share', 'must be a number'],
    [{ share: Number.NaN }, 'share', 'must be a number'],
    [{ eager: 'yes' }, 'eager', 'must be true or false'],
    [{ format: 'c' }, 'format', 'must be one of a, b'],
    [{ format: 1 }, 'format', 'must be a string'],
    [{ revision: 'MAIN' }, 'revision', 'must match [a-z]+'],
    [{ revision: 'main\n--evil' }, 'revision', 'must match [a-z]+'],
    [{ revision: 'main\n' }, 'revision', 'must match [a-z]+'],
    [{ tools: true }, 'tools', 'needs revision as well'],
  ])('%j are not', (args, name, message) => {
    expect(checkArguments(recipe, args)).toEqual({ param: `engine_args.${name}`, message });
  });

  test('names that nobody declared are refused with those that are', () => {
    const problem = checkArguments(recipe, { port: 1 });
    expect(problem?.param).toBe('engine_args.port');
    expect(problem?.message).toBe(
      'engine engine takes no argument "port"; it takes eager, format, length, revision, share, tools',
    );
    expect(checkArguments(recipe, { constructor: 1 })?.param).toBe('engine_args.constructor');
  });
});

describe('GPUs and nodes', () => {
  const spread: Recipe = { ...recipe, several_nodes: true };

  test('one node takes any number', () => {
    expect(checkShape(recipe, { gpuCount: 3, nodes: 1 })).toBeNull();
  });

  test('an engine that starts on one node is not given more', () => {
    expect(checkShape(recipe, { gpuCount: 4, nodes: 2 })).toEqual({
      param: 'resources.nodes',
      message: 'must be 1: engine runs on one node',
    });
  });

  test('the nodes share the GPUs evenly', () => {
    expect(checkShape(spread, { gpuCount: 8, nodes: 2 })).toBeNull();
    expect(checkShape(spread, { gpuCount: 5, nodes: 2 })).toEqual({
      param: 'gpu_count',
      message: 'must be a multiple of resources.nodes, 2',
    });
  });
});
