import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
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

export function launchIn(
  env: Readonly<Record<string, string>>,
  ...args: readonly string[]
): Launched {
  const child = spawn(process.execPath, ['scripts/run.mjs', 'start', ...args], {
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

export async function readRunFile(directory: string): Promise<RunFile> {
  return JSON.parse(await readFile(join(directory, 'run.json'), 'utf8')) as RunFile;
}
