import { parseArgs } from 'node:util';
import type { ClusterKind } from '../../e2e/cluster-jobs.ts';
import { startWakefield } from '../../e2e/wakefield.ts';
import { writeResult } from '../write-result.ts';
import { markdownOf } from './report.ts';
import { registerModel, type Wake, wakeOnce } from './wake-once.ts';

const usage = `npm run bench -- wake [--quick] [--wakes N] [--load SECONDS] [--local] [--json FILE] [--markdown FILE]

  --quick          one wake, to see that it runs; its figures mean nothing
  --wakes N        models that are woken one after the other (default 40)
  --load SECONDS   how long each engine loads (default 1)
  --local          on the local cluster instead of the private SLURM
  --json FILE      writes every wake as JSON
  --markdown FILE  writes the table, too`;

/** Reads the flags, measures and prints. */
export async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      wakes: { type: 'string' },
      load: { type: 'string', default: '1' },
      local: { type: 'boolean', default: false },
      json: { type: 'string' },
      markdown: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const count = Number(values.wakes ?? (values.quick ? 1 : 40));
  const loadSeconds = Number(values.load);
  if (values.help) return console.log(usage);
  if (!Number.isInteger(count) || count < 1 || !(loadSeconds >= 0)) {
    console.error(usage);
    process.exitCode = 1;
    return;
  }
  const cluster = values.local ? 'local' : 'slurm-dev';
  const wakes = await measure(count, loadSeconds, cluster);
  await writeResult(wakes, markdownOf(wakes, values.quick), values);
}

/** Starts everything as its users do, and ends it again. */
async function measure(
  count: number,
  loadSeconds: number,
  cluster: ClusterKind,
): Promise<readonly Wake[]> {
  console.error('starting Wakefield');
  const wakefield = await startWakefield({ args: cluster === 'local' ? [] : ['--slurm'] });
  try {
    // The first one opens connections and compiles.
    const models = Array.from({ length: count + 1 }, (_, index) => `bench/model-${index}`);
    for (const model of models) await registerModel(wakefield, model, loadSeconds);
    const wakes: Wake[] = [];
    for (const [index, model] of models.entries()) {
      wakes.push(await wakeOnce(wakefield, cluster, model));
      if (index > 0 && index % 10 === 0) console.error(`${index} of ${count} wakes`);
    }
    return wakes.slice(1);
  } finally {
    await wakefield.stop();
  }
}
