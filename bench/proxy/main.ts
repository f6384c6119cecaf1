import { parseArgs } from 'node:util';
import { writeResult } from '../write-result.ts';
import { measure } from './measure.ts';
import { markdownOf } from './report.ts';

const usage = `npm run bench -- [proxy] [--quick] [--rounds N] [--only NAME] [--json FILE] [--markdown FILE] [--profile FOLDER]

  --quick          a few seconds, to see that it runs; its figures mean nothing
  --rounds N       interleaved rounds of each scenario (default 5)
  --only NAME      scenarios whose name contains NAME
  --json FILE      writes the result as JSON
  --markdown FILE  writes it as Markdown, too
  --profile FOLDER writes a CPU profile of the proxy (its figures are then dearer)`;

const options = {
  quick: { type: 'boolean', default: false },
  rounds: { type: 'string' },
  only: { type: 'string', default: '' },
  json: { type: 'string' },
  markdown: { type: 'string' },
  profile: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

/** Reads the flags, measures and prints. */
export async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options });
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 5));
  if (values.help) return console.log(usage);
  if (!Number.isInteger(rounds) || rounds < 1) {
    console.error(usage);
    process.exitCode = 1;
    return;
  }
  const report = await measure({
    quick: values.quick,
    rounds,
    only: values.only,
    profile: values.profile ?? null,
    onProgress: (text) => console.error(text),
  });
  await writeResult(report, markdownOf(report), values);
}
