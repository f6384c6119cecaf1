import { beforeAll, describe, expect, test } from '@jest/globals';
import { renderInput } from '../test/inputs.ts';
import { plainService } from '../test/service.ts';
import { loadRecipes } from './catalog.ts';
import { recipeSchema } from './schema.ts';
import type { ServiceRecipes } from './service-recipes.ts';

let services: ServiceRecipes;
beforeAll(async () => {
  services = (await loadRecipes()).services;
});
const resolve = (environment: object) =>
  services.resolve('storage/minio', { environment: { ...environment } });

describe('a password that whoever starts a service chooses', () => {
  test('is in a file of its job, and is shown nowhere', () => {
    const result = resolve({ MINIO_ROOT_PASSWORD: '$(id) {key}{env.X}'.replaceAll(' ', '_') });
    if ('problems' in result) throw new Error(JSON.stringify(result.problems));
    const { service } = result;
    expect(service.environment).toMatchObject({
      MINIO_ROOT_USER: 'wakefield',
      MINIO_ROOT_PASSWORD: '(secret)',
    });
    const { name, engineKey, profile } = renderInput();
    const job = services.render({ service, name, engineKey, profile, basePath: '/x' });
    expect(job.secretFiles).toMatchObject({
      key: 'sk-test\n',
      'root-password': '$(id)_{key}{env.X}',
    });
    expect(job.script).toContain('export MINIO_ROOT_PASSWORD_FILE="$wf_dir"/root-password');
    expect(job.script).toContain('export MINIO_ROOT_USER=wakefield');
    expect(job.script).not.toMatch(/\$\(id\)_|MINIO_ROOT_PASSWORD=/);
  });

  test('is not made up for what was started before the recipe had it', () => {
    const result = resolve({ MINIO_ROOT_PASSWORD: 'of-its-caller' });
    if ('problems' in result) throw new Error(JSON.stringify(result.problems));
    const before = { ...result.service, exported: {} };
    const { name, engineKey, profile } = renderInput();
    expect(() =>
      services.render({ service: before, name, engineKey, profile, basePath: '/x' }),
    ).toThrow('MINIO_ROOT_PASSWORD');
  });

  test.each([
    [{}, 'has to be set: it is for its caller alone to know'],
    [{ MINIO_ROOT_PASSWORD: 'short' }, 'must match [!-~]{8,128}'],
    [{ MINIO_ROOT_PASSWORD: 'with a blank' }, 'must match [!-~]{8,128}'],
  ])('not %j', (environment, message) => {
    const param = 'config.environment.MINIO_ROOT_PASSWORD';
    expect(resolve(environment)).toEqual({ problems: [{ param, message }] });
  });
});

describe('a recipe with a secret', () => {
  const problemsOf = (secret: object, files: object) => {
    const value = { type: 'string', pattern: 'x' };
    const { error } = recipeSchema.safeParse({
      ...{ name: 'tool', description: 'd', tried: [], drain_grace_seconds: 5, command: ['x'] },
      ...{ probes: { health: '/' }, metrics: { path: null }, secret_files: files },
      service: {
        ...plainService,
        variables: {
          X: { sets: 'environment', description: 'd', secret: true, value, ...secret },
          Y: { sets: 'environment', description: 'd', value },
        },
      },
    });
    return error?.issues.map(({ path, message }) => `${path.join('.')} ${message}`) ?? [];
  };
  const x = 'service.variables.X';

  test.each([
    [{}, { f: 'a{env.X}b' }, []],
    [{}, {}, [`${x} a secret goes into secret_files alone`]],
    [
      { value: { type: 'string', pattern: 'x', default: 'x' } },
      { f: '{env.X}' },
      [`${x} a secret has no default`],
    ],
    [{ value: { type: 'boolean' } }, { f: '{env.X}' }, [`${x} a secret is of type string`]],
    [
      {},
      { f: '{env.X}', g: '{env.Y}' },
      ['secret_files.g {env.Y} is no variable that is a secret'],
    ],
  ])('%j in %j', (secret, files, told) => {
    expect(problemsOf(secret, files)).toEqual(told);
  });
});
