// `npm run fuzz`: requests that no client should send, to a proxy with the front and to one without it.
import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startLineChild } from '../../bench/child/start-line-child.ts';
import type { Case } from './cases.ts';
import { type Failure, replay } from './fuzz.ts';
import { growthOf, type HeapPoint } from './growth.ts';
import type { ShareOfWorker } from './worker.ts';

const usage = `npm run fuzz -- [--count N] [--seed N] [--workers N]
npm run fuzz -- --replay FILE

  --count N      requests, each sent on both paths over real sockets (default 20000)
  --seed N       the same requests for the same seed and count (default: by the clock, told at the beginning)
  --workers N    processes (default: one for each core, 4 at most); the requests stay the same
  --replay FILE  the case that failed, as it was written down`;

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '20000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    workers: { type: 'string', default: String(Math.min(4, availableParallelism())) },
    replay: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
const [count = 0, seed = -1, workers = 0] = [values.count, values.seed, values.workers].map(Number);
const isWhole = (value: number, least: number) => Number.isSafeInteger(value) && value >= least;

/** Of requests; progress is told after each. */
const shareSize = 2500;
/** No share takes so long, the search for the smallest case included. */
const sharePatienceMs = 15 * 60_000;

// Who started us is gone without a word.
const gone = (): never => process.exit(130);
process.on('disconnect', gone);
if (values.help) console.log(usage);
else if (!isWhole(count, 1) || !isWhole(seed, 0) || !isWhole(workers, 1)) {
  console.error(usage);
  process.exitCode = 1;
} else if (values.replay === undefined) process.exitCode = await run();
else process.exitCode = await again(resolve(process.env.INIT_CWD ?? '.', values.replay));
process.off('disconnect', gone);
process.disconnect?.();

async function run(): Promise<number> {
  const startedAt = performance.now();
  const seconds = (): string => ((performance.now() - startedAt) / 1000).toFixed(0);
  console.error(`${count} requests, each on both paths, seed ${seed}, ${workers} processes`);
  const shares = Array.from({ length: Math.ceil(count / shareSize) }, (_, index) => ({
    seed: seed + index,
    requests: Math.min(shareSize, count - index * shareSize),
  }));
  let [requests, cases, sessions] = [0, 0, 0];
  const failures: { readonly seed: number; readonly failure: Failure }[] = [];
  const growths: string[] = [];
  const work = async (): Promise<void> => {
    const child = await startLineChild(workerCommand(), process.cwd());
    const heaps: HeapPoint[] = [];
    let own = 0;
    try {
      for (let share = next(); share !== undefined; share = next()) {
        const order = `${share.seed} ${share.requests}`;
        const done = await child.ask<ShareOfWorker>(order, sharePatienceMs);
        requests += done.requests;
        cases += done.cases;
        sessions += done.sessions;
        own += done.requests;
        heaps.push({ requests: own, heapBytes: done.heapBytes });
        if (done.failure !== null) failures.push({ seed: share.seed, failure: done.failure });
        console.error(`  ${requests} requests on ${cases} connections, ${seconds()} s`);
      }
    } finally {
      await child.stop();
    }
    const problem = growthOf(heaps);
    if (problem !== null) growths.push(problem);
  };
  const next = () => (failures.length > 0 ? undefined : shares.shift());
  await Promise.all(Array.from({ length: Math.min(workers, shares.length) }, work));
  for (const { seed: own, failure } of failures) await tell(own, failure);
  for (const problem of growths) console.log(`\n${problem}\n`);
  const hasFailed = failures.length > 0 || growths.length > 0;
  const outcome = hasFailed ? 'FAILED' : 'nothing failed';
  console.log(
    `${requests} requests on ${cases} connections, ${sessions} of which became sessions, to each path in ${seconds()} s: ${outcome}`,
  );
  return hasFailed ? 1 : 0;
}

async function tell(own: number, { problem, failing, isAgain }: Failure): Promise<void> {
  console.log(`\n${problem}\n`);
  if (!isAgain)
    console.log(`It shows only in company: npm run fuzz -- --seed ${own} --count ${shareSize}\n`);
  if (failing === null) return;
  for (const [index, packets] of failing.turns.entries())
    console.log(`turn ${index + 1}: ${packets.map(inShort).join(' | ')}`);
  const file = join(tmpdir(), `wakefield-fuzz-${own}.json`);
  await writeFile(file, JSON.stringify(failing));
  console.log(`\nAgain: npm run fuzz -- --replay ${file}\n`);
}

/** Without what is only there to be long; the file has all of it. */
function inShort(packet: string): string {
  const text = packet.replaceAll(/(.)\1{99,}/gs, (run, one) => `${one}<${run.length} times>`);
  return JSON.stringify(text);
}

async function again(file: string): Promise<number> {
  const problem = await replay(JSON.parse(await readFile(file, 'utf8')) as Case);
  console.log(problem ?? 'nothing failed');
  return problem === null ? 0 : 1;
}

function workerCommand(): readonly string[] {
  const flags = ['--expose-gc', '--conditions=source', '--disable-warning=ExperimentalWarning'];
  return [process.execPath, ...flags, fileURLToPath(new URL('./worker.ts', import.meta.url))];
}
