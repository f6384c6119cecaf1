import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Daemon, endProcesses, spawnDaemon } from '../../../packages/local-stack/src/index.ts';
import { pinned } from '../../child/pinned.ts';
import { cpuMicrosOf, hasProc, processTree, residentBytesOf } from '../proc.ts';
import type { Asking } from '../wire.ts';
import type { Place, Running } from './candidate.ts';

export interface ServerOptions {
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly port: number;
  /** Path that answers 200 once it serves. */
  readonly readyPath: string;
  readonly asking: Asking;
  /** How long it may take to get ready. */
  readonly patienceMs: number;
}

const ending = [
  { signal: 'SIGTERM', waitMs: 3000 },
  { signal: 'SIGKILL', waitMs: 2000 },
] as const;
const everyMs = 50;

/**
 * Starts a program that somebody else wrote, and waits until it serves.
 * @throws Error with the last lines of what it said
 */
export async function startServer(place: Place, options: ServerOptions): Promise<Running> {
  if (!hasProc)
    throw new Error('this system does not tell what a program uses (there is no /proc)');
  const [command = '', ...args] = pinned(place.cpu, options.command);
  const logFile = join(place.folder, 'log');
  const daemon = await spawnDaemon({
    ...{ command, args, cwd: place.folder, logFile, deathSignal: 'SIGKILL' },
    env: { PATH: process.env.PATH ?? '', HOME: place.folder, ...options.env },
  });
  const processes = (): readonly number[] => processTree(daemon.pid);
  const stop = async (): Promise<void> => {
    const all = processes();
    await daemon.stop(ending);
    await endProcesses(all, ending);
  };
  try {
    await untilReady(daemon, options);
  } catch (error) {
    await stop();
    throw new Error(`${(error as Error).message}: ${lastLines(logFile)}`);
  }
  return {
    port: options.port,
    askings: [options.asking],
    cpuMicros: async () => cpuMicrosOf(processes()),
    residentBytes: async () => residentBytesOf(processes()),
    stop,
  };
}

async function untilReady(
  daemon: Daemon,
  { port, readyPath, patienceMs }: ServerOptions,
): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (performance.now() < deadline) {
    const exit = daemon.exit();
    if (exit !== null) throw new Error(`it ended (${exit.code ?? exit.signal})`);
    const status = await fetch(`http://127.0.0.1:${port}${readyPath}`, {
      signal: AbortSignal.timeout(2000),
    }).then(
      async (answer) => {
        await answer.arrayBuffer();
        return answer.status;
      },
      () => null,
    );
    if (status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  throw new Error(`it was not ready after ${patienceMs / 1000} s`);
}

function lastLines(logFile: string): string {
  const lines = readFileSync(logFile, 'utf8').trim().split('\n');
  return lines.slice(-3).join(' ').slice(-300);
}
