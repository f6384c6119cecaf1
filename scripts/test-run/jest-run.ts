import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { boundToUs, endProcesses, sendSignal } from '@wakefield/local-stack';
import { emptyTally, type JestReport, type Tally, tallyOf, withFailure } from './tally.ts';

export interface JestRun {
  readonly projects: readonly string[];
  readonly workers: number;
  readonly testTimeoutMs: number;
  /** As the caller gave them: patterns of paths, and options of Jest. */
  readonly args: readonly string[];
}

/** How long Jest may take to end after its last test; longer means that a test left something open. */
const graceMs = 20_000;

/**
 * Runs Jest in a process group of its own and streams what it says.
 * @param environment the whole environment of the tests
 * @param signal ends Jest and its workers
 */
export async function runJest(
  run: JestRun,
  place: { readonly root: string; readonly scratch: string },
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<Tally> {
  const output = join(place.scratch, `jest-${run.projects.join('-')}.json`);
  rmSync(output, { force: true });
  const { command, args } = boundToUs(
    process.execPath,
    jestArguments(run, place.root, output),
    'SIGKILL',
  );
  const child = spawn(command, args, {
    cwd: place.root,
    env: environment,
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true,
  });
  const end = () => void endGroup(child);
  signal.addEventListener('abort', end, { once: true });
  const watch = setInterval(() => {
    if (!existsSync(output)) return;
    clearInterval(watch);
    late = setTimeout(end, graceMs);
  }, 500);
  let late: NodeJS.Timeout | undefined;
  const how = await new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, killer) => resolve(killer ?? String(code)));
  });
  clearInterval(watch);
  clearTimeout(late);
  signal.removeEventListener('abort', end);
  if (!existsSync(output)) return withFailure(emptyTally, `Jest ended without a report (${how})`);
  const tally = tallyOf(JSON.parse(readFileSync(output, 'utf8')) as JestReport, place.root);
  if (how === 'SIGTERM' || how === 'SIGKILL')
    return withFailure(tally, `Jest did not end ${graceMs / 1000} s after its last test`);
  return how !== '0' && tally.failed === 0 ? withFailure(tally, `Jest ended with ${how}`) : tally;
}

function jestArguments(run: JestRun, root: string, output: string): readonly string[] {
  return [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    '--conditions=source',
    join(root, 'node_modules/jest/bin/jest.js'),
    '--selectProjects',
    ...run.projects,
    `--maxWorkers=${run.workers}`,
    `--testTimeout=${run.testTimeoutMs}`,
    `--outputFile=${output}`,
    '--passWithNoTests',
    '--json',
    ...run.args,
  ];
}

/** Jest and its workers, which are of its group; what tests started ends with its own parent. */
async function endGroup(child: ChildProcess): Promise<void> {
  if (child.pid === undefined) return;
  await endProcesses([child.pid], [{ signal: 'SIGTERM', waitMs: 2000 }]);
  sendSignal(-child.pid, 'SIGKILL');
}
