import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { nastyTrace, nastyValues } from '@wakefield/testkit';
import fc from 'fast-check';
import { renderInput } from '../test/inputs.ts';
import { useWorkshop } from '../test/use-workshop.ts';
import { createCatalog } from './catalog.ts';
import { readScriptParts } from './read-recipes.ts';
import type { ScriptParts } from './render.ts';
import { type Recipe, recipeSchema } from './schema.ts';

const workshop = useWorkshop();
let parts: ScriptParts;
beforeAll(async () => {
  parts = await readScriptParts();
});

const anyText = { type: 'string', pattern: '[^]*' };
/** Prints what it is given, each followed by NUL. Lets through every text, as the pattern of a careless centre might. */
const recipe: Recipe = recipeSchema.parse({
  name: 'simulator',
  description: 'A stand-in.',
  tried: ['1'],
  drain_grace_seconds: 5,
  command: [
    'bash',
    '-c',
    'printf "%s\\0" "$@" "$GIVEN" "$BUILT" >out',
    'show',
    '{hf_model_id}',
    '{env.GIVEN}',
    '{base_path}',
    '{engine_args}',
  ],
  environment: { BUILT: 'a{env.GIVEN}b' },
  parameters: { text: { ...anyText, description: 'd', flag: '--text' } },
  probes: { health: '/' },
  metrics: { path: null },
  service: {
    variables: {
      MODEL: { sets: 'model', description: 'd', value: { ...anyText, default: 'm' } },
      GIVEN: { sets: 'environment', description: 'd', value: { ...anyText, default: '' } },
      TEXT: { sets: 'parameter', parameter: 'text' },
    },
    resources: { cpu: 1, memory: '1G', time_limit: 1, gpu: null },
    cpu_only: {},
    ports: [{ name: 'http', protocol: 'http' }],
  },
});

function rendered(text: string, jobsDirectory: string) {
  const { services } = createCatalog([{ path: 'x/show', file: '', recipe }], parts);
  const environment = { MODEL: `m${text}`, GIVEN: `g${text}`, TEXT: text };
  const resolved = services.resolve('x/show', { environment });
  if ('problems' in resolved) throw new Error(JSON.stringify(resolved.problems));
  const { profile, name, engineKey } = renderInput({ profile: { jobsDirectory } });
  return services.render({
    service: resolved.service,
    name,
    engineKey,
    profile,
    basePath: `/${text}`,
  });
}

const expected = (text: string) => [
  ...[`m${text}`, `g${text}`, `/${text}`, `--text=${text}`],
  ...[`g${text}`, `ag${text}b`],
];

describe('nothing of a value is shell', () => {
  test.each(nastyValues)('%j reaches the program unchanged, in a real job', async (text) => {
    const jobsDirectory = join(workshop.root, `jobs ${Buffer.from(text).toString('hex')}`);
    const job = rendered(text, jobsDirectory);
    const { name } = renderInput();
    const running = await workshop.run(join(jobsDirectory, name), job);
    expect(await running.ended()).toBe(0);
    expect((await running.read('out')).split('\0').slice(0, -1)).toEqual(expected(text));
    expect(job.script.split('\n').filter((line) => line.startsWith('#SBATCH'))).toEqual([]);
    expect(await readFile(nastyTrace, 'utf8').catch(() => null)).toBeNull();
  });

  test('whatever the text is, bash reads back what was put in', () => {
    const text = fc
      .string({
        unit: fc.oneof(
          fc.constantFrom(...`'"\\$\`!\n\r\t *?~#{}[];|&<>()=`, '<<', '{port}'),
          fc.string(),
        ),
      })
      .map((value) => value.replaceAll('\0', '').toWellFormed());
    fc.assert(
      fc.property(text, (value) => {
        const { script } = rendered(value, '/jobs');
        // Just the lines that are made of values: all that the script says of them, without starting the job.
        const exports = script.split('\n').filter((line) => /^export GIVEN=/.test(line));
        const words = script.split('\n').filter((line) => /^ {2}wf_argv\+=/.test(line));
        expect(exports).toHaveLength(1);
        expect(words).toHaveLength(8);
        const made = [...exports, ...words, `printf '%s\\0' "\${wf_argv[@]:4}"`].join('\n');
        const { stdout, status } = spawnSync('/bin/bash', ['-c', made], { env: {} });
        expect(status).toBe(0);
        expect(stdout.toString('utf8').split('\0').slice(0, -1)).toEqual(
          expected(value).slice(0, 4),
        );
      }),
      { numRuns: 100 },
    );
  });

  test('NUL is refused by name', () => {
    expect(() => rendered('a\0b', '/jobs')).toThrow('must not hold NUL');
  });
});
