import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach } from '@jest/globals';
import { endProcesses, freePorts, listProcessesAround } from '@wakefield/local-stack';
import { eventually, type RunFile } from './wakefield.ts';

const root = join(import.meta.dirname, '..');
/** On a machine that has nothing else to do it is a quarter of this. */
const readyWithinMs = 120_000;

/** `npm start` as npm calls it, signals and all. */
export interface Launched {
  readonly child: ChildProcess;
  /** What it has said so far. */
  readonly output: () => string;
}

export interface Started extends Launched {
  readonly url: string;
  readonly key: string;
}

type Environment = Readonly<Record<string, string>>;

/** A data directory and a port that nobody else has. */
export interface Place {
  readonly directory: string;
  readonly port: number;
  /** `npm start` in this place, unless the environment names another. */
  launch(env?: Environment, ...args: readonly string[]): Launched;
  /** The same, by npm itself. */
  launchByNpm(): Launched;
  /** What the one that runs wrote about itself. */
  runFile(): Promise<RunFile>;
  /** Everything that has to do with the directory. */
  processes(): ReturnType<typeof listProcessesAround>;
}

/** A place that is new for each test of a file; what a test leaves running in it is killed. */
export function usePlace(): Place {
  let directory = '';
  let port = 0;
  const here = (): Environment => ({ PORT: String(port), WAKEFIELD_DATA: directory });
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wakefield-start-'));
    // As root the database's user has to pass.
    await chmod(directory, 0o755);
    port = await freePorts(1);
  });
  afterEach(async () => {
    const left = listProcessesAround(directory).map(({ pid }) => pid);
    await endProcesses(left, [{ signal: 'SIGKILL', waitMs: 5000 }]);
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  }, 30_000);
  return {
    get directory() {
      return directory;
    },
    get port() {
      return port;
    },
    launch: (env = {}, ...args) =>
      launch([process.execPath, 'scripts/run.mjs', 'start', ...args], { ...here(), ...env }),
    launchByNpm: () => launch(['npm', 'start'], here()),
    runFile: async () => JSON.parse(await readFile(join(directory, 'run.json'), 'utf8')) as RunFile,
    processes: () => listProcessesAround(directory),
  };
}

function launch([command = '', ...args]: readonly string[], env: Environment): Launched {
  const child = spawn(command, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
  return { child, output: () => text };
}

/** Waits until it says so. */
export async function ready({ child, output }: Launched): Promise<Started> {
  await eventually(
    'ready',
    async () => {
      if (child.exitCode !== null) throw new Error(`npm start ended:\n${output()}`);
      return /^Ready after/m.test(output());
    },
    readyWithinMs,
  );
  const url = /^Wakefield is ready: (\S+)$/m.exec(output())?.[1] ?? '';
  return { child, output, url, key: /^\s*key\s+(\S+)/m.exec(output())?.[1] ?? '' };
}

/** @returns null when a signal ended it */
export async function exitOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode;
}

/** The line that a newcomer copies, word for word. */
export async function firstChat({ output }: Started): Promise<string> {
  const line = /first chat\s+(curl .*)$/m.exec(output())?.[1] ?? '';
  const { stdout } = await promisify(execFile)('bash', ['-c', `${line} -sS --max-time 90`]);
  return stdout;
}
