// `npm run soak`: models with short walltimes under steady load and random faults, and what became of each request.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { installPackages, missingPackages } from '@wakefield/local-stack';
import { plugs } from '../faults/plugs.ts';
import { markdownOf, ourFailures } from './report.ts';
import { soak } from './soak.ts';
import { verdicts } from './verdicts.ts';

const plugNames = [...new Set(plugs.map(({ name }) => name))];
const usage = `npm run soak -- [--minutes N] [--rate N] [--faults LIST] [--seed N] [--markdown FILE]

  --minutes N      how long (default 20)
  --rate N         requests a second over all models (default 90)
  --faults LIST    what may be killed or stopped: ${plugNames.join(', ')}, or none
                   (default: all but engine)
  --seed N         of the faults' order (default: by the clock, told at the beginning)
  --markdown FILE  writes the report there, too`;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '20' },
    rate: { type: 'string', default: '90' },
    faults: { type: 'string', default: plugNames.filter((name) => name !== 'engine').join(',') },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    markdown: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
const names = values.faults === 'none' ? [] : values.faults.split(',');
const [minutes, rate, seed] = [values.minutes, values.rate, values.seed].map(Number) as [
  number,
  number,
  number,
];
const valid =
  minutes > 0 &&
  rate > 0 &&
  Number.isInteger(seed) &&
  names.every((name) => plugNames.some((one) => one === name));
if (values.help) console.log(usage);
else if (!valid) {
  console.error(usage);
  process.exitCode = 1;
} else await run();

async function run(): Promise<void> {
  await installPackages(missingPackages(), (line) => console.error(line));
  const say = (line: string) => console.error(`${new Date().toISOString().slice(11, 19)} ${line}`);
  const faults = plugNames.filter((name) => names.includes(name));
  const directory = await mkdtemp(join(tmpdir(), 'wakefield-soak-'));
  const result = await soak({ minutes, rate, faults, seed, directory, say });
  const report = markdownOf(result);
  console.log(report);
  if (values.markdown !== undefined)
    await writeFile(resolve(process.env.INIT_CWD ?? '.', values.markdown), report);
  for (const { id, model, way, status, dueAt, error } of ourFailures(result).slice(0, 20))
    console.error(
      `failed: ${new Date(dueAt).toISOString()} ${id} ${model} ${way} ${status} ${error}`,
    );
  const words = verdicts(result);
  for (const verdict of words) console.error(`✘ ${verdict}`);
  if (words.length === 0) await rm(directory, { recursive: true, force: true });
  else {
    process.exitCode = 1;
    console.error(`Its logs, and those of SLURM, are kept in ${directory}`);
  }
}
