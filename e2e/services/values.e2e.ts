import { globSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { nastyTrace, nastyValues } from '@wakefield/testkit';
import { stringify } from 'yaml';
import { slurm } from '../cluster-jobs.ts';
import { eventually, startWakefield, type Wakefield } from '../wakefield.ts';

const description = 'Takes every text, as the pattern of a careless centre might.';
const anyText = { type: 'string', pattern: '[^]*' };
/** Writes down all that it is given, each with NUL behind it, and stays. */
const recipe = {
  name: 'show',
  description,
  tried: ['1'],
  drain_grace_seconds: 5,
  command: [
    'bash',
    '-c',
    'printf "%s\\0" "$@" "$GIVEN" "$BUILT" >out.new && mv out.new out; exec sleep 300',
    ...['show', '{hf_model_id}', '{env.GIVEN}', '{engine_args}'],
  ],
  environment: { BUILT: 'a{env.GIVEN}b' },
  parameters: { text: { ...anyText, description, flag: '--text' } },
  probes: { health: '/' },
  metrics: { path: null },
  service: {
    variables: {
      MODEL: { sets: 'model', description, value: { ...anyText, default: 'm' } },
      GIVEN: { sets: 'environment', description, value: { ...anyText, default: '' } },
      TEXT: { sets: 'parameter', parameter: 'text' },
    },
    resources: { cpu: 1, memory: '100M', time_limit: 10, gpu: null },
    cpu_only: {},
    ports: [{ name: 'http', protocol: 'http' }],
  },
};

let wakefield: Wakefield;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'site-recipes-'));
  await mkdir(join(folder, 'tools/show'), { recursive: true });
  await writeFile(join(folder, 'tools/show/recipe.yaml'), stringify(recipe));
  wakefield = await startWakefield({ args: ['--slurm'], env: { WAKEFIELD_RECIPES: folder } });
}, 150_000);

afterAll(async () => {
  await wakefield.stop();
  await rm(folder, { recursive: true });
}, 30_000);

const start = (text: string) =>
  wakefield.call('POST', '/api/v1/services', {
    recipe_name: 'tools/show',
    config: { environment: { MODEL: `m${text}`, GIVEN: `g${text}`, TEXT: text } },
  });

/** What the programs of all jobs were given. */
async function shown(): Promise<readonly (readonly string[])[]> {
  const files = globSync(join(wakefield.directory, '**/wf-*/out'));
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')));
  return texts.map((text) => text.split('\0').slice(0, -1));
}

test('every text that is sent reaches a program on SLURM as it is, and nothing of it is shell', async () => {
  const started = await Promise.all(nastyValues.map(start));
  for (const { status, body } of started) expect([status, body.error]).toEqual([201, undefined]);
  const given = await eventually(
    'all of them to be shown',
    async () => {
      const all = await shown();
      return all.length === nastyValues.length && all;
    },
    90_000,
  );
  const sent = nastyValues.map((text) => [
    ...[`m${text}`, `g${text}`, `--text=${text}`],
    ...[`g${text}`, `ag${text}b`],
  ]);
  expect(given.toSorted()).toEqual(sent.toSorted());
  // It is told as it was sent, too.
  for (const [i, { body }] of started.entries())
    expect(body.config.environment).toMatchObject({ TEXT: nastyValues[i] });
  expect(await readFile(nastyTrace, 'utf8').catch(() => null)).toBeNull();
  // What stands behind `#SBATCH` in a value asks SLURM for nothing, and no job has ended.
  const jobs = (await slurm(wakefield, 'squeue', '-h', '-o', '%q|%T')).trim().split('\n');
  expect(jobs).toHaveLength(nastyValues.length);
  for (const job of jobs) expect(job).toMatch(/^(?!root).*\|RUNNING$/);
}, 180_000);
