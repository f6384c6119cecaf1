import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { type LoadedRecipes, loadRecipes } from './catalog.ts';

let folder: string;
let builtIn: LoadedRecipes;
let serial = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'recipes-'));
  builtIn = await loadRecipes();
});
afterAll(() => rm(folder, { recursive: true }));

async function withRecipe(text: string, path = 'inference/mine'): Promise<string> {
  const root = join(folder, String(serial++));
  await addRecipe(root, text, path);
  return root;
}

async function addRecipe(root: string, text: string, path: string): Promise<void> {
  await mkdir(join(root, path), { recursive: true });
  await writeFile(join(root, path, 'recipe.yaml'), text);
}

const minimal = {
  name: 'mine',
  description: 'Mine.',
  tried: [],
  drain_grace_seconds: 5,
  command: ['engine', '--port={port}', '{engine_args}'],
  parameters: {},
  probes: { health: '/health', models: '/v1/models', warm_up: ['chat'] },
  metrics: { path: null, running: [], waiting: [] },
};

const service = {
  variables: {},
  resources: { nodes: 1, cpu: 1, memory: '1G', time_limit: 10, gpu: null },
  cpu_only: {},
  ports: [{ name: 'http', protocol: 'http' }],
};

describe('recipes of a site', () => {
  test('are as the documentation writes one', async () => {
    const page = await readFile(join(import.meta.dirname, '../../../docs/recipes.md'), 'utf8');
    const [, text = ''] = /```yaml\n([^`]+)```/.exec(page) ?? [];
    const { services } = await loadRecipes([await withRecipe(text, 'tools/files')]);
    const given = { environment: { FILES_FOLDER: '/scratch/me' } };
    expect(services.resolve('tools/files', given)).toMatchObject({
      service: { exported: { FILES_FOLDER: '/scratch/me' }, resources: { gpu: null, cpu: 1 } },
    });
  });

  test('join the others, and take the place of one of the same path and name', async () => {
    const own = await withRecipe(stringify(minimal));
    await addRecipe(own, stringify({ ...minimal, name: 'other' }), 'other');
    await mkdir(join(own, '.git', 'x'), { recursive: true });
    const instead = await withRecipe(stringify({ ...minimal, name: 'vllm' }), 'inference/vllm');
    const catalog = await loadRecipes([own, instead]);
    expect(catalog.names()).toEqual(['mine', 'other', 'sglang', 'simulator', 'vllm']);
    expect(catalog.recipes.filter(({ recipe }) => recipe.name === 'vllm')).toMatchObject([
      { path: 'inference/vllm', recipe: { description: 'Mine.' } },
    ]);
    expect(catalog.recipes.map(({ path }) => path)).toContain('other');
    expect(catalog.has('mine')).toBe(true);
    expect(catalog.has('toString')).toBe(false);
  });

  test.each([
    ['inference/vllm', 'mine', minimal.probes, 'name: must be vllm to take the place of'],
    ['notebook/x', 'vllm', minimal.probes, 'name: vllm is that of'],
    ['notebook/x', 'vllm', { health: '/' }, 'name: vllm is that of'],
    ['inference/vllm', 'vllm', { health: '/' }, 'probes.models: is missing'],
    ['inference/sglang', 'vllm', minimal.probes, 'name: vllm is that of'],
  ])('%s named %s does not take an engine away', async (path, name, probes, words) => {
    const root = await withRecipe(stringify({ ...minimal, name, probes, service }), path);
    const failure = loadRecipes([root]);
    await expect(failure).rejects.toThrow(`${join(root, path, 'recipe.yaml')}: ${words}`);
    await expect(failure).rejects.toThrow(/\/recipes\/inference\/vllm\/recipe\.yaml/);
  });

  test('may stand in folders that links lead to, as Kubernetes mounts them', async () => {
    const root = await withRecipe(stringify(minimal), '..2026_11_22/vector/mine');
    await addRecipe(root, stringify({ ...minimal, name: 'other' }), '..2026_11_22/other');
    await symlink('..2026_11_22', join(root, '..data'));
    await symlink('..data/vector', join(root, 'vector'));
    await mkdir(join(root, 'tools'));
    await symlink('../..data/other', join(root, 'tools/other'));
    await symlink('..data/other/recipe.yaml', join(root, 'note'));
    const { recipes } = await loadRecipes([root]);
    const paths = recipes.map(({ path }) => path);
    expect(paths).toEqual(expect.arrayContaining(['vector/mine', 'tools/other']));
    expect(paths).toHaveLength(builtIn.recipes.length + 2);
  });

  test.each([
    ['gone', 'vector'],
    ['../gone', 'inference/ours'],
    ['vector', 'vector'],
    ['../../gone', 'inference/mine/recipe.yaml'],
  ])('a link to %s that leads nowhere', async (target, path) => {
    const root = await withRecipe(stringify(minimal), 'other');
    await mkdir(join(root, path, '..'), { recursive: true });
    await symlink(target, join(root, path));
    await expect(loadRecipes([root])).rejects.toThrow(`${join(root, path)}: cannot be read: E`);
  });

  test('two of one folder must not have one name', async () => {
    const twice = await withRecipe(stringify(minimal));
    await addRecipe(twice, stringify(minimal), 'other');
    await expect(loadRecipes([twice])).rejects.toThrow(
      join(twice, 'other/recipe.yaml: name: mine is that of inference/mine as well'),
    );
  });

  test('a folder that is called like the recipe of another', async () => {
    const root = await withRecipe(stringify(minimal), 'vllm');
    await expect(loadRecipes([root])).rejects.toThrow(
      join(root, 'vllm/recipe.yaml: its folder must not be called vllm'),
    );
  });

  test('a folder whose name no path can have', async () => {
    const root = await withRecipe(stringify(minimal), 'inference/My Recipe');
    await expect(loadRecipes([root])).rejects.toThrow('its folders must be named by');
  });

  test.each([
    ['no yaml', 'a: [', /Flow sequence/],
    ['an unknown word', stringify({ ...minimal, comand: [] }), /comand: .*did you mean command/],
    [
      'an unknown placeholder',
      stringify({ ...minimal, command: ['x', '{prot}'] }),
      /command\.1: .*\{prot\}/,
    ],
    [
      'the key in the command line',
      stringify({ ...minimal, command: ['x', '--api-key={key}'] }),
      /command\.1: .*every user of the node/,
    ],
    [
      'a string without bounds',
      stringify({
        ...minimal,
        parameters: { x: { type: 'string', description: 'd', flag: '--x' } },
      }),
      /parameters\.x: a string needs an enum or a pattern/,
    ],
    [
      'a requirement that is no parameter',
      stringify({
        ...minimal,
        parameters: { x: { type: 'boolean', description: 'd', flag: '--x', requires: ['y'] } },
      }),
      /parameters\.x: requires y, which is no parameter/,
    ],
    [
      'a variable of a parameter that is not there',
      stringify({
        ...minimal,
        service: { ...service, variables: { X: { sets: 'parameter', parameter: 'y' } } },
      }),
      /service\.variables\.X: sets a parameter that is not there/,
    ],
    [
      'a variable that the loader goes by',
      stringify({
        ...minimal,
        service: {
          ...service,
          variables: {
            LD_PRELOAD: { sets: 'environment', description: 'd', value: { type: 'boolean' } },
          },
        },
      }),
      /LD_PRELOAD: must not be set/,
    ],
    [
      'a default out of its bounds',
      stringify({
        ...minimal,
        service: {
          ...service,
          variables: {
            X: {
              sets: 'environment',
              description: 'd',
              value: { type: 'integer', max: 3, default: 4 },
            },
          },
        },
      }),
      /variables\.X\.default: must be at most 3/,
    ],
    [
      'a default folder that could be anywhere',
      stringify({
        ...minimal,
        service: {
          ...service,
          variables: {
            X: {
              sets: 'environment',
              description: 'd',
              value: { type: 'folder', default: '../x' },
            },
          },
        },
      }),
      /variables\.X\.value\.default: must be an absolute folder/,
    ],
    [
      'a default for CPUs out of its bounds',
      stringify({
        ...minimal,
        service: {
          ...service,
          cpu_only: { environment: { X: '4', OWN: 'any' } },
          variables: {
            X: { sets: 'environment', description: 'd', value: { type: 'integer', max: 3 } },
          },
        },
      }),
      /cpu_only\.environment\.X: must be at most 3/,
    ],
    [
      'a variable that the command names, and nobody has to set',
      stringify({
        ...minimal,
        command: ['x', '{env.X}'],
        service: {
          ...service,
          variables: { X: { sets: 'environment', description: 'd', value: { type: 'integer' } } },
        },
      }),
      /variables\.X: needs a default/,
    ],
    [
      'a kind of variable that there is not',
      stringify({ ...minimal, service: { ...service, variables: { X: { sets: 'modle' } } } }),
      /variables\.X\.sets: .*did you mean model/,
    ],
    [
      'no GPU, and none said of CPUs',
      stringify({ ...minimal, service: { ...service, cpu_only: undefined } }),
      /resources\.gpu: must not be null without cpu_only/,
    ],
    [
      'a model that no variable sets',
      stringify({ ...minimal, command: ['x', '{model}'], service }),
      /service\.variables: one has to set the model/,
    ],
    [
      'a build that is not pinned',
      stringify({ ...minimal, build: { kind: 'venv', requirements: ['x>=1'] } }),
      /build\.requirements\.0: must be pinned/,
    ],
    [
      'a form that it has not',
      stringify({ ...minimal, tried_forms: ['several_nodes'] }),
      /tried_forms: several_nodes is no form of this recipe/,
    ],
    [
      'tried and untested at once',
      stringify({ ...minimal, tried: ['1'], untested: true }),
      /untested: must be false with tried/,
    ],
    [
      'a size that is none',
      stringify({ ...minimal, parallel: ['q'] }),
      /parallel: has to name parameters of type integer/,
    ],
    ['a capacity of nothing', stringify({ ...minimal, capacity: { parameter: 'q' } }), /capacity/],
  ])('%s: told with file and place', async (_name, text, words) => {
    const root = await withRecipe(text);
    const failure = loadRecipes([root]);
    await expect(failure).rejects.toThrow(words);
    await expect(failure).rejects.toThrow(join(root, 'inference', 'mine', 'recipe.yaml'));
  });

  test.each([
    ...['PIP_INDEX_URL', 'PIP_CONFIG_FILE', 'UV_INDEX', 'CONDA_CHANNELS', 'XDG_CACHE_HOME'],
    ...['HTTPS_PROXY', 'ALL_PROXY', 'SSL_CERT_FILE', 'VIRTUAL_ENV', 'PYTHONPATH', 'LD_AUDIT'],
    ...['APPTAINER_CACHEDIR', 'PATH', 'BASH_ENV', 'SLURM_JOB_ID', 'WAKEFIELD_NODE'],
  ])('%s cannot be declared', async (name) => {
    const value = { type: 'string', pattern: '[^]*' };
    const variables = { [name]: { sets: 'environment', description: 'd', value } };
    const root = await withRecipe(stringify({ ...minimal, service: { ...service, variables } }));
    await expect(loadRecipes([root])).rejects.toThrow(`variables.${name}: must not be set by`);
  });

  test('a folder that is not there', async () => {
    await expect(loadRecipes([join(folder, 'nowhere')])).rejects.toThrow('nowhere');
  });
});
