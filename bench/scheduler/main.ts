import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startPostgres, startRedis } from '../../packages/local-stack/src/index.ts';
import { writeResult } from '../write-result.ts';
import { startRecordedCluster } from './cluster.ts';
import { type MeasureOptions, measureSize, type SizeReport } from './measure.ts';
import { markdownOf } from './report.ts';

const usage = `npm run bench -- scheduler [--quick] [--models LIST] [--cycles N] [--seconds N] [--json FILE] [--markdown FILE]

  --quick          a few seconds, to see that it runs; its figures mean nothing
  --models LIST    numbers of models, half of them awake with a job (default 100,1000,10000)
  --cycles N       looks at the cluster for each number (default 20)
  --seconds N      how long the queues are watched in between (default 30)
  --profile FOLDER a CPU profile of the scheduler for each number, for Chrome's or VS Code's viewer
  --json FILE      writes the result as JSON
  --markdown FILE  writes it as Markdown, too`;

/** Reads the flags, measures and prints. */
export async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      models: { type: 'string' },
      cycles: { type: 'string' },
      seconds: { type: 'string' },
      profile: { type: 'string' },
      json: { type: 'string' },
      markdown: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const sizes = (values.models ?? (values.quick ? '20,40' : '100,1000,10000'))
    .split(',')
    .map(Number);
  const cycles = Number(values.cycles ?? (values.quick ? 2 : 20));
  const seconds = Number(values.seconds ?? (values.quick ? 1 : 30));
  if (values.help) return console.log(usage);
  if (![...sizes, cycles, seconds].every((value) => Number.isInteger(value) && value > 0)) {
    console.error(usage);
    process.exitCode = 1;
    return;
  }
  const reports = await measure(sizes, { cycles, seconds, profile: values.profile ?? null });
  await writeResult(reports, markdownOf(reports, values.quick), values);
}

/** Brings Postgres, Redis and the recorded cluster, and leaves nothing behind. */
async function measure(
  sizes: readonly number[],
  options: MeasureOptions,
): Promise<readonly SizeReport[]> {
  const root = await mkdtemp(join(tmpdir(), 'wakefield-bench-'));
  const stops: (() => Promise<void>)[] = [() => rm(root, { recursive: true, force: true })];
  try {
    const postgres = await startPostgres({ directory: join(root, 'postgres') });
    stops.push(() => postgres.stop());
    const redis = await startRedis({ directory: join(root, 'redis') });
    stops.push(() => redis.stop());
    const cluster = await startRecordedCluster(join(root, 'cluster'));
    stops.push(() => cluster.stop());
    const place = { root, databaseUrl: postgres.url, redisUrl: redis.url, cluster };
    const reports: SizeReport[] = [];
    for (const models of sizes) {
      console.error(`${models} models`);
      reports.push(await measureSize(place, models, options));
    }
    return reports;
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}
