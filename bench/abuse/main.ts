import { parseArgs } from 'node:util';
import { mostDescriptors } from '../child/pinned.ts';
import { writeResult } from '../write-result.ts';
import { defaultPatience, shortPatience } from './abuses.ts';
import { measure } from './measure.ts';
import { markdownOf } from './report.ts';

const usage = `npm run bench -- abuse [--quick] [--connections N] [--only NAME] [--defaults] [--json FILE] [--markdown FILE]

  --quick          few connections, to see that it runs; its figures mean nothing
  --connections N  idle and silent ones (default 20000), as far as the limit of open files goes
  --only NAME      abuses whose name contains NAME
  --defaults       with the times of production instead of short ones; takes half an hour
  --no-front       with FAST_PATH=off
  --json FILE      writes the result as JSON
  --markdown FILE  writes the table, too`;

/** Files of the proxy and of the attacker that are not connections of an abuse. */
const spareDescriptors = 1500;

/** Reads the flags, measures and prints. Fails where a connection is still there when it should not be. */
export async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      connections: { type: 'string' },
      only: { type: 'string', default: '' },
      defaults: { type: 'boolean', default: false },
      'no-front': { type: 'boolean', default: false },
      json: { type: 'string' },
      markdown: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const { quick, only } = values;
  const connections = Number(values.connections ?? (quick ? 40 : 20_000));
  if (values.help) return console.log(usage);
  if (!Number.isInteger(connections) || connections < 1) {
    console.error(usage);
    process.exitCode = 1;
    return;
  }
  const most = Math.min(connections, mostDescriptors() - spareDescriptors);
  const report = await measure({
    ...{ only, most, fastPath: !values['no-front'] },
    patience: values.defaults ? defaultPatience : shortPatience,
    perSecond: quick ? 50 : 200,
    aloneMs: quick ? 300 : 3000,
    onProgress: (text) => console.error(text),
  });
  const note = quick ? '**A quick run: these figures mean nothing.**\n\n' : '';
  await writeResult(report, note + markdownOf(report), values);
  const open = report.outcomes.filter(({ held }) => held > 0);
  for (const { name, held } of open) console.error(`${name}: ${held} connections are still held`);
  const failed = report.outcomes.filter(({ failure }) => failure !== null);
  for (const { name, failure } of failed) console.error(`${name}: honest requests: ${failure}`);
  if (open.length + failed.length > 0) process.exitCode = 1;
}
