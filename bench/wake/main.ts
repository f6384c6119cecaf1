import { parseArgs } from 'node:util';
import { startWakefield } from '../../e2e/wakefield.ts';
import { writeResult } from '../write-result.ts';
import { markdownOf } from './report.ts';
import { type Wake, wakeOnce } from './wake-once.ts';

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
  const wakes = await measure(count, loadSeconds, values.local ? [] : ['--slurm']);
  await writeResult(wakes, markdownOf(wakes, values.quick), values);
}

/** Starts everything as its users do, and ends it again. */
async function measure(
  count: number,
  loadSeconds: number,
  args: readonly string[],
): Promise<readonly Wake[]> {
  console.error('starting Wakefield');
  const wakefield = await startWakefield({ args });
  try {
    // The first one opens connections and compiles.
    await wakeOnce(wakefield, 'bench/warm-up', loadSeconds);
    const wakes: Wake[] = [];
    for (let index = 0; index < count; index += 1) {
      wakes.push(await wakeOnce(wakefield, `bench/model-${index}`, loadSeconds));
      if ((index + 1) % 10 === 0) console.error(`${index + 1} of ${count} wakes`);
    }
    return wakes;
  } finally {
    await wakefield.stop();
  }
}
