import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { startTestSlurm, type TestSlurm } from '@wakefield/testkit';
import { program, until } from '../test/job.ts';
import { serviceJob, serviceRecipe } from '../test/service.ts';
import { loadRecipes } from './catalog.ts';
import { quote } from './quote.ts';
import type { RenderedJob } from './render.ts';

jest.setTimeout(60_000);
const simulator = {
  WAKEFIELD_NODE: process.execPath,
  WAKEFIELD_SIMULATOR: fileURLToPath(new URL('../../simulator/src/main.ts', import.meta.url)),
};
let site: TestSlurm;
beforeAll(async () => {
  site = await startTestSlurm();
});
afterAll(async () => {
  expect(await site.stop()).toEqual([]);
});

const nasty = `a'b"c $(touch /tmp/wakefield-no-rank) \`id\` %j ! ; & > *\n#SBATCH --nodes=1\n{rank} ~ ärger`;

/** Each rank keeps its words, its node and what it has of the key in a file of its own. */
const show = `printf '%s\\0' "$SLURMD_NODENAME" "$SECRET" "$GIVEN" "$@" >"rank.$$.new" && mv "rank.$$.new" "rank-$RANK_OF_TEST.$$"`;

async function submit(nodes: number, then: string) {
  const text = (fallback?: string) => ({
    description: 'd',
    value: {
      type: 'string',
      pattern: '[^]*',
      ...(fallback === undefined ? {} : { default: fallback }),
    },
  });
  const recipe = serviceRecipe({
    command: [
      'bash',
      '-c',
      `RANK_OF_TEST=$SLURMD_NODENAME; ${show}; ${then}`,
      'show',
      '{hf_model_id}',
    ],
    environment: { SECRET: '{key}' },
    ranks: { args: ['{rank}', '{head_host}:{head_port}', '{job_dir}'], others: ['--other'] },
    variables: {
      MODEL: { sets: 'model', ...text('m') },
      GIVEN: { sets: 'environment', ...text() },
    },
  });
  const name = `wf-t-${nodes}-${then.length}`;
  const rendered = await serviceJob(recipe, {
    name,
    profile: { jobsDirectory: site.workingDirectory },
    environment: { MODEL: `m${nasty}`, GIVEN: nasty },
    resources: { nodes },
  });
  return await submitJob(name, rendered, nodes);
}

async function submitJob(name: string, job: RenderedJob, nodes: number) {
  const directory = join(site.workingDirectory, name);
  await mkdir(directory, { recursive: true });
  for (const [file, text] of Object.entries(job.secretFiles))
    await writeFile(join(directory, file), text, { mode: 0o600 });
  await writeFile(join(directory, 'script'), job.script);
  // Without the environment of whoever submits, as the driver does it: srun would hand on none of the job's by itself.
  const asked = ['--parsable', '--export=NONE', `--nodes=${nodes}`, '-o', '/dev/null'];
  const id = (await site.slurm.client('sbatch', [...asked, join(directory, 'script')])).trim();
  const read = (file: string) => readFile(join(directory, file), 'utf8').catch(() => '');
  /** What each of them has told so far. */
  const ranks = async () => {
    const files = (await readdir(directory)).filter((one) => one.startsWith('rank-')).sort();
    return await Promise.all(
      files.map(async (file) => (await read(file)).split('\0').slice(0, -1)),
    );
  };
  return { id, directory, read, ranks };
}

/** By its words. */
function rankOf(words: readonly string[]): number {
  return Number(/^--node-rank=(\d)$/m.exec(words.join('\n'))?.[1]);
}

/** Stands for Python with an engine in it: whatever is asked of it before that engine starts is true. */
const python = `#!/bin/bash
[ "$1" != -c ] || exit 0
printf '%s\\0' "$SLURMD_NODENAME" "\${VLLM_API_KEY-$(<"$4")}" "$@" >"rank.$$.new" && mv "rank.$$.new" "rank-$SLURMD_NODENAME.$$"
exec sleep 300
`;

/** All that stands behind `python` on the first of two nodes, and what is added on the other one. */
const engines = [
  {
    engine: 'vllm',
    environment: { VLLM_MODEL: 'acme/large', VLLM_DTYPE: 'half' },
    key: 'sk-test',
    // Another program than that of one node: `--headless` is a word of `vllm serve` alone.
    head: [
      ...['-m', 'vllm.entrypoints.cli.main', 'serve', '--host=127.0.0.1', '--port=PORT'],
      ...['--model=acme/large', '--served-model-name', 'acme/large', '__job_wf-t-vllm'],
      ...['--shutdown-timeout=120', '--dtype=half', '--tensor-parallel-size=4'],
      ...['--nnodes=2', '--node-rank=0', '--master-addr=HOST', '--master-port=PORT'],
    ],
    others: ['--headless'],
  },
  {
    engine: 'sglang',
    environment: { SGLANG_MODEL: 'acme/large', SGLANG_DTYPE: 'half' },
    key: 'api-key: "sk-test"',
    head: [
      ...['-m', 'sglang.launch_server', '--config', 'DIRECTORY/engine.yaml', '--host=127.0.0.1'],
      ...['--port=PORT', '--model-path=acme/large', '--served-model-name=__job_wf-t-sglang'],
      ...['--enable-metrics', '--dtype=half', '--tensor-parallel-size=4'],
      ...['--nnodes=2', '--node-rank=0', '--dist-init-addr=HOST:PORT'],
    ],
    others: [],
  },
];

describe('a service on several nodes of a real SLURM', () => {
  test('has a rank on each, the first on the head, and every value as it was sent', async () => {
    const job = await submit(2, 'exec sleep 300');
    await until(async () => (await job.ranks()).length === 2);
    const ranks = [...(await job.ranks())].sort((a, b) => Number(a[4]) - Number(b[4]));
    const [head, other] = ranks;
    expect(head?.slice(1, 5)).toEqual(['sk-test', nasty, `m${nasty}`, '0']);
    expect(other?.slice(1, 5)).toEqual(['sk-test', nasty, `m${nasty}`, '1']);
    expect(head?.[0]).not.toBe(other?.[0]);
    expect(head?.[5]).toMatch(/^[\d.]+:\d+$/);
    expect(other?.slice(5)).toEqual([head?.[5], job.directory, '--other']);
    expect(head?.slice(5)).toEqual([head?.[5], job.directory]);
    expect(await readFile('/tmp/wakefield-no-rank', 'utf8').catch(() => null)).toBeNull();
    await site.slurm.client('scancel', ['-b', '-s', 'USR1', job.id]);
    await until(async () => (await job.read('exit.json')) !== '');
    expect(JSON.parse(await job.read('exit.json'))).toMatchObject({ cause: 'drained' });
  });

  test('ends with a node that fails', async () => {
    const job = await submit(2, '[ "$2" = 0 ] || exit 7; exec sleep 300');
    await until(async () => (await job.read('exit.json')) !== '');
    expect(JSON.parse(await job.read('exit.json'))).toMatchObject({ cause: 'engine' });
    expect(await job.read('log')).toContain('the ranks on the other nodes ended with code 7');
  });

  test.each(engines)('$engine: its ranks in all their words', async (expected) => {
    const { engine, environment, key } = expected;
    const name = `wf-t-${engine}`;
    const bin = join(site.workingDirectory, `bin-${engine}`);
    await mkdir(bin, { recursive: true });
    await program(bin, 'python', python);
    const { recipe } = (await loadRecipes()).services.get(`inference/${engine}`);
    const rendered = await serviceJob(recipe, {
      name,
      profile: {
        jobsDirectory: site.workingDirectory,
        setup: { [engine]: [`PATH=${quote(bin)}:$PATH`] },
      },
      environment,
      resources: { nodes: 2, gpu: 2 },
    });
    const job = await submitJob(name, rendered, 2);
    await until(async () => (await job.ranks()).length === 2);
    const ranks = (await job.ranks()).sort((a, b) => rankOf(a) - rankOf(b));
    const [[node, headKey, ...head] = [], [other, otherKey, ...words] = []] = ranks;
    expect(node).not.toBe(other);
    expect([headKey, otherKey]).toEqual([key, key]);
    const { port } = JSON.parse(await job.read('endpoint.json'));
    const told = head.map((word) =>
      word
        .replace(job.directory, 'DIRECTORY')
        .replace(`--port=${port}`, '--port=PORT')
        .replace(/(?<=-port=|:)\d+$/, 'PORT')
        .replace(/(?<=-addr=)[\d.]+/, 'HOST'),
    );
    expect(told).toEqual(expected.head);
    const mine = head.map((word) => word.replace('--node-rank=0', '--node-rank=1'));
    expect(words).toEqual([...mine, ...expected.others]);
    await site.slurm.client('scancel', ['-b', '-s', 'USR1', job.id]);
    await until(async () => (await job.read('exit.json')) !== '');
  });

  test('is an engine of several processes, which come together and end together', async () => {
    const { recipe } = (await loadRecipes()).services.get('simulator');
    const name = 'wf-t-simulator';
    const rendered = await serviceJob(recipe, {
      name,
      profile: { jobsDirectory: site.workingDirectory, environment: { simulator } },
      environment: { SIMULATOR_LOAD_SECONDS: '0' },
      resources: { nodes: 3 },
    });
    const job = await submitJob(name, rendered, 3);
    await until(async () => (await job.read('log')).includes('Application startup complete'));
    const log = await job.read('log');
    for (const rank of [1, 2]) {
      const came = log.indexOf(`[simulator rank 0 of 3] rank ${rank} of 3 has come`);
      expect(came).toBeGreaterThan(0);
      expect(came).toBeLessThan(log.indexOf('Application startup complete'));
    }
    const { host, port } = JSON.parse(await job.read('endpoint.json'));
    expect((await fetch(`http://${host}:${port}/health`)).status).toBe(200);
    await site.slurm.client('scancel', ['-b', '-s', 'USR1', job.id]);
    await until(async () => (await job.read('exit.json')) !== '');
    expect(JSON.parse(await job.read('exit.json'))).toMatchObject({
      exitCode: 0,
      cause: 'drained',
    });
    // The others ended by themselves, as they were told to.
    expect(await job.read('log')).not.toContain('was lost');
  });
});
