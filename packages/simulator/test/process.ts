import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { freePorts } from '@wakefield/local-stack';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

/** A simulator as a process of its own. */
export interface SimulatorProcess {
  readonly child: ChildProcess;
  readonly url: string;
  /** Everything it printed so far. */
  output(): string;
  /** Exit code, once it has ended. */
  ended(): Promise<number | null>;
}

/** Starts it; the caller ends it. */
export async function startProcess(...flags: string[]): Promise<SimulatorProcess> {
  const port = await freePorts(1);
  const child = spawn(process.execPath, [main, `--port=${port}`, ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  child.stdout.on('data', (part: Buffer) => {
    text += part.toString();
  });
  child.stderr.on('data', (part: Buffer) => {
    text += part.toString();
  });
  const exit = once(child, 'close').then(([code]: (number | null)[]) => code ?? null);
  return { child, url: `http://127.0.0.1:${port}`, output: () => text, ended: () => exit };
}

/** Whether it answers with this status; false while nothing listens. */
export async function answers(url: string, status: number): Promise<boolean> {
  return await fetch(url).then(
    (response) => response.status === status,
    () => false,
  );
}
