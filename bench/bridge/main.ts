import { parseArgs } from 'node:util';
import { startChild } from '../child/start-child.ts';
import { writeResult } from '../write-result.ts';
import { measureRound, type Round, type Size } from './measure.ts';
import { markdownOf, type VersionReport } from './report.ts';
import { openTargets, type Site } from './targets.ts';

const usage = `npm run bench -- bridge [--quick] [--rounds N] [--json FILE] [--markdown FILE]

  --quick          one short round, to see that it runs; its figures mean nothing
  --rounds N       interleaved rounds (default 5)
  --json FILE      writes every round as JSON
  --markdown FILE  writes the tables, too`;

const whole: Size = { requests: 200, streams: 8, tokens: 200, atOnce: 16 };
const quick: Size = { requests: 5, streams: 2, tokens: 20, atOnce: 2 };

/** Reads the flags, measures and prints. */
export async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      json: { type: 'string' },
      markdown: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 5));
  if (values.help) return console.log(usage);
  if (!Number.isInteger(rounds) || rounds < 1) {
    console.error(usage);
    process.exitCode = 1;
    return;
  }
  const reports: VersionReport[] = [];
  // One that passes bytes on, and one for which plain answers are made of streams.
  for (const version of ['6.3.2', '6.1.0']) {
    reports.push({ version, rounds: await measure(version, rounds, values.quick ? quick : whole) });
  }
  await writeResult(reports, markdownOf(reports, values.quick), values);
}

async function measure(version: string, count: number, size: Size): Promise<readonly Round[]> {
  console.error(`HEAppE ${version}`);
  const child = await startChild(new URL('site.ts', import.meta.url), [version], null);
  const targets = await openTargets(await child.ask<Site>({ kind: 'site' }));
  try {
    // Until the code is compiled.
    for (const target of targets) await measureRound(target, size);
    const rounds: Round[] = [];
    for (let round = 0; round < count; round += 1) {
      for (let turn = 0; turn < targets.length; turn += 1) {
        const target = targets[(round + turn) % targets.length];
        if (target !== undefined) rounds.push(await measureRound(target, size));
      }
    }
    return rounds;
  } finally {
    for (const target of targets) await target.close();
    await child.ask({ kind: 'stop' });
    await child.stop();
  }
}
