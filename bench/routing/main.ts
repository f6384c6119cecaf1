import { parseArgs } from 'node:util';
import { writeResult } from '../write-result.ts';
import { allPolicies, measure, ourPolicies, scenarios } from './measure.ts';
import { markdownOf } from './report.ts';

const usage = `npm run bench -- routing [--quick] [--requests N] [--engines N] [--seed N] [--json FILE] [--markdown FILE]

  --quick          fewer requests, the first scenario alone
  --requests N     of each scenario (default 8000)
  --engines N      of the model (default 8)
  --seed N         another trace of the same kind (default 7)
  --json FILE      writes the result as JSON
  --markdown FILE  writes it as Markdown, too

Pure computation: the same flags give the same figures, on any machine.`;

/** Reads the flags, replays and prints. */
export async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      requests: { type: 'string' },
      engines: { type: 'string', default: '8' },
      seed: { type: 'string', default: '7' },
      json: { type: 'string' },
      markdown: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const requests = Number(values.requests ?? (values.quick ? 1500 : 8000));
  const [engines, seed] = [Number(values.engines), Number(values.seed)];
  if (values.help) return console.log(usage);
  if (![requests, engines, seed].every((value) => Number.isInteger(value) && value > 0)) {
    console.error(usage);
    process.exitCode = 1;
    return;
  }
  const chosen = values.quick ? scenarios.slice(0, 1) : scenarios;
  const reports = chosen.map((scenario, index) => {
    console.error(scenario.name);
    return measure(scenario, index === 0 ? allPolicies : ourPolicies, { seed, requests, engines });
  });
  await writeResult(reports, markdownOf(reports, values.quick), values);
}
