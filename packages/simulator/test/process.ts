import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

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
  const port = await freePort();
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

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Looks again and again until it holds. @throws Error after `limitMs` */
export async function until(
  holds: () => boolean | Promise<boolean>,
  limitMs = 10_000,
): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`did not come true in ${limitMs} ms: ${holds}`);
    await sleep(10);
  }
}

/** Whether it answers with this status; false while nothing listens. */
export async function answers(url: string, status: number): Promise<boolean> {
  return await fetch(url).then(
    (response) => response.status === status,
    () => false,
  );
}
