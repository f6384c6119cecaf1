import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { renderInput } from '../test/inputs.ts';
import { type LoadedRecipes, loadRecipes } from './catalog.ts';

let folder: string;
let builtIn: LoadedRecipes;
let serial = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'recipes-'));
  builtIn = await loadRecipes();
});
afterAll(() => rm(folder, { recursive: true }));

async function withRecipe(text: string): Promise<string> {
  const root = join(folder, String(serial++));
  await mkdir(join(root, 'inference', 'mine'), { recursive: true });
  await writeFile(join(root, 'inference', 'mine', 'recipe.yaml'), text);
  return root;
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

describe('the recipes that come along', () => {
  test('all load, and what was not run says so', () => {
    expect(builtIn.names()).toEqual(['sglang', 'simulator', 'vllm']);
    const untested = builtIn.recipes.filter((recipe) => recipe.untested).map(({ name }) => name);
    expect(untested).toEqual(['sglang']);
    for (const { tried, untested: never } of builtIn.recipes) expect(tried.length > 0).toBe(!never);
  });

  test("the simulator's arguments, defaults and bounds", () => {
    const { parameters } = builtIn.recipes.find(({ name }) => name === 'simulator') ?? {};
    expect(parameters).toMatchObject({
      load_seconds: { default: 2 },
      tokens_per_second: { default: 100 },
      max_concurrency: { default: 64 },
      fail: { default: 'none', enum: ['none', 'start', 'load', 'serve'] },
    });
    expect(builtIn.checkArguments('simulator', { fail: 'later' })).toMatchObject({
      param: 'engine_args.fail',
    });
    expect(builtIn.checkArguments('simulator', { load_seconds: 0.5, fail: 'load' })).toBeNull();
  });

  test('capacity comes from the arguments, else from the default, else nobody knows', () => {
    expect(builtIn.capacity('simulator', { max_concurrency: 3 })).toBe(3);
    expect(builtIn.capacity('simulator', {})).toBe(64);
    expect(builtIn.capacity('vllm', {})).toBeNull();
    expect(builtIn.capacity('vllm', { max_num_seqs: 8 })).toBe(8);
  });

  test('vLLM: one name for the world, one that proves the port, the key nowhere in the script', () => {
    const { script, secretFiles } = builtIn.render(
      renderInput({ engine: 'vllm', gpuCount: 4, engineArgs: { max_model_len: 1024 } }),
    );
    expect(script).toContain('wf_argv+=(--served-model-name)\n  wf_argv+=(acme/small)');
    expect(script).toContain('wf_argv+=(__job_wf-t-0123456789abcdef-1)');
    expect(script).toContain('wf_argv+=(--tensor-parallel-size=4)');
    expect(script).toContain('wf_argv+=(--max-model-len=1024)');
    expect(script).toContain('export VLLM_API_KEY="$wf_key"');
    expect(script).toContain('unset VLLM_PORT');
    expect(script).not.toContain('sk-test');
    expect(secretFiles).toEqual({ key: 'sk-test\n' });
    const given = { tensor_parallel_size: 2, enforce_eager: false };
    const own = builtIn.render(renderInput({ engine: 'vllm', gpuCount: 4, engineArgs: given }));
    expect(own.script).toContain('wf_argv+=(--tensor-parallel-size=2)');
    expect(own.script).toContain('wf_argv+=(--no-enforce-eager)');
  });

  test('SGLang: its key in a file of its own', () => {
    const { script, secretFiles } = builtIn.render(renderInput({ engine: 'sglang' }));
    expect(script).toContain('wf_argv+=("$wf_dir"/engine.yaml)');
    expect(script).not.toContain('sk-test');
    expect(secretFiles).toEqual({ key: 'sk-test\n', 'engine.yaml': 'api-key: "sk-test"\n' });
  });

  test('probes are plain data', () => {
    expect(builtIn.probes.sglang).toMatchObject({
      healthPath: '/health',
      running: [{ name: 'sglang:num_running_reqs', labels: { tp_rank: '0' } }, { labels: {} }],
      ownLimit: { path: '/server_info', list: 'internal_states' },
    });
    expect(builtIn.probes.vllm).toMatchObject({ ownLimit: null });
  });

  test('a model id that a command line cannot hold is refused', () => {
    expect(() => builtIn.render(renderInput({ hfModelId: '--host=evil' }))).toThrow('dash');
  });
});

describe('recipes of a site', () => {
  test('join the others, and take the place of one of the same name', async () => {
    const own = await withRecipe(stringify(minimal));
    const instead = await withRecipe(stringify({ ...minimal, name: 'vllm' }));
    const catalog = await loadRecipes([own, instead]);
    expect(catalog.names()).toEqual(['mine', 'sglang', 'simulator', 'vllm']);
    expect(catalog.recipes.filter(({ name }) => name === 'vllm')).toMatchObject([
      { description: 'Mine.' },
    ]);
    expect(catalog.has('mine')).toBe(true);
    expect(catalog.has('toString')).toBe(false);
  });

  test.each([
    ['no yaml', 'a: [', /Flow sequence/],
    ['an unknown word', stringify({ ...minimal, comand: [] }), /file: .*comand/],
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
    ['a capacity of nothing', stringify({ ...minimal, capacity: { parameter: 'q' } }), /capacity/],
  ])('%s: told with file and place', async (_name, text, words) => {
    const root = await withRecipe(text);
    const failure = loadRecipes([root]);
    await expect(failure).rejects.toThrow(words);
    await expect(failure).rejects.toThrow(join(root, 'inference', 'mine', 'recipe.yaml'));
  });

  test('a folder that is not there', async () => {
    await expect(loadRecipes([join(folder, 'nowhere')])).rejects.toThrow('nowhere');
  });
});
