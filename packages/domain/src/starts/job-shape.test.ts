import { describe, expect, test } from '@jest/globals';
import { spec } from '../../test/builders.ts';
import { jobShape } from './job-shape.ts';

const resources = { nodes: 1, cpus: null, memory: null };

describe('the shape of a job', () => {
  test('names what a queue looks at', () => {
    expect(jobShape(spec(), 'gpu/long')).toBe('q=gpu/long g=1 n=1 c=- m=- t=1h');
    const large = { gpuCount: 16, resources: { nodes: 2, cpus: 8, memory: '64g' } };
    expect(jobShape(spec({ ...large, walltimeSeconds: 86_400 }), '')).toBe(
      'q= g=16 n=2 c=8 m=64G t=1d',
    );
  });

  test.each([
    ['another model', { hfModelId: 'other/model', engineArgs: { fast: true } }],
    ['a walltime of the same class', { walltimeSeconds: 3_000 }],
    ['the same memory', { resources }],
  ])('%s is of the same shape', (_name, over) => {
    expect(jobShape(spec(over), 'q')).toBe(jobShape(spec(), 'q'));
  });

  test.each([
    ['more GPUs', { gpuCount: 2 }],
    ['more nodes', { resources: { ...resources, nodes: 2 } }],
    ['more memory', { resources: { ...resources, memory: '1T' } }],
    ['a longer walltime', { walltimeSeconds: 3_601 }],
    ['weeks', { walltimeSeconds: 15 * 86_400 }],
  ])('%s is another one', (_name, over) => {
    expect(jobShape(spec(over), 'q')).not.toBe(jobShape(spec(), 'q'));
  });
});
