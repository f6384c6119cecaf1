import { beforeAll, describe, expect, test } from '@jest/globals';
import { renderInput } from '../test/inputs.ts';
import { type LoadedRecipes, loadRecipes } from './catalog.ts';

let builtIn: LoadedRecipes;

beforeAll(async () => {
  builtIn = await loadRecipes();
});

describe('the recipes that come along', () => {
  test('all load, and what was not run says so', () => {
    expect(builtIn.names()).toEqual(['sglang', 'simulator', 'vllm']);
    for (const { recipe } of builtIn.recipes) {
      expect([recipe.name, recipe.tried.length > 0]).toEqual([recipe.name, !recipe.untested]);
      expect([recipe.name, recipe.tried_forms.length > 0]).toEqual([recipe.name, !recipe.untested]);
    }
  });

  test('what was run in one form says of the others that it was not', () => {
    const untried = { cpu: 'untested', gpu: 'untested', several_nodes: null, build: 'untested' };
    expect(
      Object.fromEntries(builtIn.services.list.map(({ path, forms }) => [path, forms])),
    ).toEqual({
      'inference/llama-cpp': untried,
      'inference/ollama': untried,
      'inference/sglang': { ...untried, cpu: null, several_nodes: 'untested' },
      'inference/tei': untried,
      'inference/vllm': { ...untried, cpu: 'tried', several_nodes: 'untested' },
      'notebook/jupyter': { ...untried, cpu: 'tried', build: 'tried' },
      simulator: { ...untried, cpu: 'tried', several_nodes: 'tried', build: null },
      'storage/minio': untried,
      'vector/qdrant': untried,
    });
  });

  test("the simulator's arguments, defaults and bounds", () => {
    const { parameters } = builtIn.recipes.find(({ path }) => path === 'simulator')?.recipe ?? {};
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

  test("the simulator's ranks have the words of vLLM's", () => {
    const ranksOf = (path: string) =>
      builtIn.recipes.find((entry) => entry.path === path)?.recipe.ranks;
    const { args, others } = ranksOf('inference/vllm') ?? {};
    expect(ranksOf('simulator')).toMatchObject({ args, others });
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

  test('probes are found by name of an engine, and by path of whatever is a service', () => {
    expect(builtIn.probes.vllm).toEqual(builtIn.probes['inference/vllm']);
    expect(Object.keys(builtIn.probes).sort()).toEqual([
      ...['inference/llama-cpp', 'inference/ollama', 'inference/sglang', 'inference/tei'],
      ...['inference/vllm', 'notebook/jupyter', 'sglang', 'simulator', 'storage/minio'],
      ...['vector/qdrant', 'vllm'],
    ]);
    expect(builtIn.probes['notebook/jupyter']).toMatchObject({
      healthPath: '/api',
      modelsPath: null,
      privatePath: '/api/status',
      key: { kind: 'authorization', scheme: 'token' },
    });
    expect(builtIn.probes['vector/qdrant']).toMatchObject({
      key: { kind: 'header', name: 'api-key' },
    });
    expect(builtIn.probes['storage/minio']).toMatchObject({
      privatePath: null,
      key: { kind: 'none' },
    });
  });

  test('a model id that a command line cannot hold is refused', () => {
    expect(() => builtIn.render(renderInput({ hfModelId: '--host=evil' }))).toThrow('dash');
  });
});
