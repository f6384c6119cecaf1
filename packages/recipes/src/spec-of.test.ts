import { expect, test } from '@jest/globals';
import type { Service } from '@wakefield/domain';
import { renderInput } from '../test/inputs.ts';
import { loadRecipes } from './catalog.ts';
import { specOf } from './spec-of.ts';

const beside = { name: 'mine', cluster: 'hpc', keep: true };

test('a specification has all that was resolved, and renders to the same job', async () => {
  const catalog = await loadRecipes();
  const result = catalog.services.resolve('notebook/jupyter', {
    environment: { JUPYTER_ROOT: '/scratch/me' },
    resources: { time_limit: 15, memory: '2G' },
  });
  if ('problems' in result) throw new Error(JSON.stringify(result.problems));
  const spec = specOf(result.service, beside);
  expect(spec).toEqual({
    ...beside,
    recipe: 'notebook/jupyter',
    model: null,
    args: {},
    environment: { JUPYTER_ROOT: '/scratch/me' },
    exported: { JUPYTER_ROOT: '/scratch/me' },
    ignored: {},
    resources: { nodes: 1, cpu: 2, memory: '2G', walltimeMinutes: 15, gpu: null },
    access: {
      permission: 'manage',
      key: { kind: 'authorization', scheme: 'token' },
      underBasePath: true,
      page: '/lab',
      websocket: true,
    },
  });

  const service: Service = {
    id: '0b1c7f6e-5d43-4a1b-9c55-0123456789ab',
    project: 'demo',
    cluster: 'hpc',
    spec,
    stopRequested: false,
    generation: 1,
    createdBy: 'key',
    traceId: '0',
    createdAt: 0,
    updatedAt: 0,
  };
  const { model: _, ...job } = renderInput();
  const basePath = '/api/v1/services/0b1c7f6e-5d43-4a1b-9c55-0123456789ab/proxy';
  const rendered = catalog.renderService({ ...job, service });
  expect(rendered).toEqual(catalog.services.render({ ...job, service: result.service, basePath }));
  expect(rendered.script).toContain(`--ServerApp.base_url=${basePath}/`);
  expect(rendered.script).toContain('export JUPYTER_ROOT=/scratch/me');
  expect(rendered.script).toContain('\nmkdir -p -- /scratch/me || exit\n');
  expect(rendered.secretFiles).toEqual({ key: 'sk-test\n', stage: 'building\n' });

  const gone = { ...service, spec: { ...spec, recipe: 'notebook/gone' } };
  expect(() => catalog.renderService({ ...job, service: gone })).toThrow(
    expect.objectContaining({ code: 'recipe_not_found' }),
  );
});
