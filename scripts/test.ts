// `npm test [-- PATTERN …]`: brings real stores and SLURM, runs every test (or those whose path matches), and
// ends everything again. The last line is `N passed, N failed`.
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  findCommand,
  installPackages,
  listProcessesAround,
  missingPackages,
  SetupError,
  startPostgres,
  startRedis,
} from '@wakefield/local-stack';
import { browserPackage, findBrowser } from './find-browser.ts';
import { type JestRun, runJest } from './test-run/jest-run.ts';
import { listTestFiles, needBrowser, needStores } from './test-run/list-files.ts';
import { endAround, scratchPrefix, sweepRemains } from './test-run/remains.ts';
import {
  addTallies,
  afterAnotherTry,
  closingLine,
  emptyTally,
  exitCode,
  slowestFiles,
  type Tally,
  withFailure,
  worthAnotherTry,
} from './test-run/tally.ts';

const root = join(import.meta.dirname, '..');
const say = (line: string) => console.log(line);
const begun = performance.now();
const args = process.argv.slice(2);

/** Beside SLURM's: by the Debian package that brings it. */
const calledByTests = { curl: 'curl', procps: 'ps' };

const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => stopping.abort(signal));
// The one who started us is gone without a word.
process.on('disconnect', () => stopping.abort('SIGHUP'));

await sweepRemains(tmpdir());
const scratch = mkdtempSync(join(tmpdir(), `${scratchPrefix}${process.pid}-`));
// Postgres' user has to get through, and so have the users of jobs.
chmodSync(scratch, 0o755);
let tally: Tally = emptyTally;
try {
  tally = await runMatching(args);
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  tally = withFailure(tally, error.message);
} finally {
  tally = await leaveNothing(tally);
}
// Who asks for tests by name knows that the others are left out.
const byName = args.some((arg) => /^(-t|--testNamePattern)/.test(arg));
for (const remark of tally.remarks) if (!byName || !remark.startsWith('skipped: ')) say(remark);
if (tally.files.length > 1) {
  say(`\n${((performance.now() - begun) / 1000).toFixed(0)} s in all. What took longest:`);
  for (const line of slowestFiles(tally, 10)) say(line);
  say('');
}
if (stopping.signal.aborted) say(`Stopped by ${String(stopping.signal.reason)}.`);
else if (tally.passed + tally.failed === 0) say(`No test matches: ${args.join(' ')}`);
say(closingLine(tally));
process.exit(stopping.signal.aborted ? 130 : exitCode(tally));

/** Nothing is brought up for nothing. */
async function runMatching(args: readonly string[]): Promise<Tally> {
  const files = args.length === 0 ? null : listTestFiles(root, args);
  if (files?.length === 0) return emptyTally;
  if (files === null || needBrowser(files)) await bringBrowser();
  return files === null || needStores(files)
    ? await runWithStores(args)
    : await runJest(
        { projects: ['unit'], workers: fitWorkers(), testTimeoutMs: 20_000, args },
        { root, scratch },
        { ...process.env, TMPDIR: makeTemporary() },
        stopping.signal,
      );
}

/** Where it cannot be had, the test that needs it fails in its own words. */
async function bringBrowser(): Promise<void> {
  if (findBrowser() === null) await installPackages([browserPackage], say).catch(() => undefined);
}

async function runWithStores(args: readonly string[]): Promise<Tally> {
  const started = performance.now();
  const tools = Object.entries(calledByTests).filter(
    ([, command]) => findCommand(command) === null,
  );
  await installPackages([...missingPackages(), ...tools.map(([name]) => name)], say);
  const [postgres, redis] = await Promise.all([
    startPostgres({ directory: join(scratch, 'postgres'), durability: 'fast', report: say }),
    startRedis({ directory: join(scratch, 'redis'), durability: 'fast', report: say }),
  ]);
  say(
    `Postgres ${postgres.major} (${postgres.source}) and Redis ${redis.version} (${redis.source}) ` +
      `are up after ${((performance.now() - started) / 1000).toFixed(1)} s.`,
  );
  try {
    return await runProjects(args, {
      ...process.env,
      WAKEFIELD_TEST_DATABASE_URL: postgres.url,
      WAKEFIELD_TEST_REDIS_URL: redis.url,
      TMPDIR: makeTemporary(),
    });
  } finally {
    await Promise.all([postgres.stop(), redis.stop()]);
  }
}

/** Whole processes need the machine for themselves, so that their timing means something. */
async function runProjects(
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<Tally> {
  const workers = fitWorkers();
  const quick = await runTwice(
    { projects: ['unit', 'integration'], workers, testTimeoutMs: 20_000, args },
    environment,
  );
  if (stopping.signal.aborted) return quick;
  const whole = await runTwice(
    {
      projects: ['e2e'],
      workers: Math.max(1, Math.floor(workers / 4)),
      testTimeoutMs: 120_000,
      args,
    },
    environment,
  );
  return addTallies(quick, whole);
}

/** A few files on real processes that failed beside others are run once more by themselves, and are named. */
async function runTwice(run: JestRun, environment: NodeJS.ProcessEnv): Promise<Tally> {
  const place = { root, scratch };
  const first = await runJest(run, place, environment, stopping.signal);
  const again = worthAnotherTry(first, run.args);
  if (stopping.signal.aborted || again.length === 0) return first;
  say(`Once more, by themselves: ${again.join(', ')}`);
  const alone = { ...run, workers: 1, args: ['--runTestsByPath', ...again] };
  return afterAnotherTry(first, await runJest(alone, place, environment, stopping.signal));
}

/** A worker takes a core and, with a private SLURM in it, up to a gigabyte. */
function fitWorkers(): number {
  const byMemory = Math.floor(process.availableMemory() / 2 ** 30);
  return Math.max(1, Math.min(availableParallelism(), byMemory, 8));
}

/** Tests make their directories below it, so that one removal takes them all; short, for unix sockets. */
function makeTemporary(): string {
  const directory = join(scratch, 't');
  mkdirSync(directory);
  chmodSync(directory, 0o1777);
  return directory;
}

/** A process that outlives its test is a fault of the test or of what it tests. */
async function leaveNothing(before: Tally): Promise<Tally> {
  // Who interrupts a run interrupts tests in the middle.
  const strays = stopping.signal.aborted ? [] : await settledStrays();
  const after = strays.reduce(
    (sum, { pid, command }) => withFailure(sum, `left running: ${pid} ${command.slice(0, 160)}`),
    before,
  );
  await endAround(scratch);
  rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
  return after;
}

/** What is on its way out gets three seconds. */
async function settledStrays(): Promise<ReturnType<typeof listProcessesAround>> {
  const deadline = performance.now() + 3000;
  for (;;) {
    const strays = listProcessesAround(`${scratch}/`);
    if (strays.length === 0 || performance.now() > deadline) return strays;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
