import { describe, expect, test } from '@jest/globals';
import { plainService, serviceRecipe } from '../test/service.ts';
import { resolveService } from './resolve.ts';

describe('what needs another parameter', () => {
  const flag = (name: string, more: object = {}) => ({
    ...{ type: 'boolean', description: 'd', flag: `--${name}` },
    ...more,
  });
  const sets = (parameter: string, more: object = {}) => ({
    sets: 'parameter',
    parameter,
    ...more,
  });
  const { service, ...recipe } = serviceRecipe({
    command: ['x', '{engine_args}'],
    parameters: {
      wish: flag('wish', { requires: ['other'] }),
      both: flag('both', { requires: ['other', 'inner'] }),
      other: flag('other'),
      inner: flag('inner'),
      easy: flag('easy', { requires: ['there', 'off', 'shaped', 'variable', 'cpu'] }),
      there: flag('there', { default: true }),
      off: flag('off', { default: false }),
      variable: flag('variable'),
      cpu: flag('cpu'),
      shaped: { type: 'integer', description: 'd', flag: '--shaped', default_from: 'nodes' },
    },
    service: {
      ...plainService,
      resources: { ...plainService.resources, gpu: 1 },
      cpu_only: { parameters: { cpu: false } },
      variables: {
        WISH: sets('wish'),
        BOTH: sets('both'),
        OTHER: sets('other'),
        EASY: sets('easy'),
        VARIABLE: sets('variable', { default: false }),
      },
    },
  });
  if (service === undefined) throw new Error('it is a service');
  const entry = { path: 'needs', recipe: { ...recipe, service } };

  test.each([
    [{}, 1, []],
    [{ OTHER: true }, 1, []],
    [{ WISH: true }, 1, ['WISH needs OTHER as well']],
    [{ WISH: true, OTHER: false }, 1, []],
    [{ BOTH: true, OTHER: true }, 1, ['BOTH needs inner as well']],
    [{ BOTH: true }, 1, ['BOTH needs OTHER as well', 'BOTH needs inner as well']],
    [{ EASY: true }, null, []],
    [{ EASY: true }, 1, ['EASY needs cpu as well']],
  ])('%j with %j GPUs', (environment, gpu, told) => {
    const result = resolveService(entry, { environment, resources: { gpu } });
    const found = 'problems' in result ? result.problems : [];
    expect(found.map(({ param, message }) => `${param} ${message}`)).toEqual(
      told.map((words) => `config.environment.${words}`),
    );
  });
});
