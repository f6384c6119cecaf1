import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pinned } from './pinned.ts';

/** A process of the benchmark, asked one question at a time over Node's IPC channel. */
export interface Child {
  readonly pid: number;
  ask<Answer>(question: object): Promise<Answer>;
  /** User and system time so far, in microseconds. */
  cpuMicros(): Promise<number>;
  /** Resident memory in bytes, after a garbage collection. */
  residentBytes(): Promise<number>;
  stop(): Promise<void>;
}

/** No single question takes longer, rounds of load included. */
const patienceMs = 60_000;

/**
 * Starts a TypeScript file as a process. Its log goes where a log goes in production: somewhere else.
 * @param cpu processor to tie it to; null leaves that to the system
 * @param nodeOptions more options for its Node, such as `--cpu-prof`
 */
export async function startChild(
  file: URL,
  args: readonly string[],
  cpu: number | null,
  nodeOptions: readonly string[] = [],
): Promise<Child> {
  const path = fileURLToPath(file);
  const name = basename(path, '.ts');
  const node = ['--expose-gc', '--conditions=source', '--disable-warning=ExperimentalWarning'];
  const command = [process.execPath, ...node, ...nodeOptions, path, ...args];
  const [program = '', ...rest] = pinned(cpu, command);
  const process_ = spawn(program, rest, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const ask = <Answer>(question: object): Promise<Answer> => {
    process_.send(question);
    return nextMessage<Answer>(process_, name);
  };
  await nextMessage(process_, name);
  return {
    pid: process_.pid ?? 0,
    ask,
    cpuMicros: () => ask<number>({ kind: 'cpu' }),
    residentBytes: () => ask<number>({ kind: 'memory' }),
    stop: async () => {
      if (process_.exitCode !== null || process_.signalCode !== null) return;
      const gone = once(process_, 'exit');
      process_.disconnect();
      const forced = setTimeout(() => process_.kill('SIGKILL'), 5000);
      await gone;
      clearTimeout(forced);
    },
  };
}

function nextMessage<Answer>(child: ChildProcess, name: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const finish = (act: () => void): void => {
      clearTimeout(timer);
      child.off('message', onMessage).off('exit', onExit);
      act();
    };
    const onMessage = (message: unknown): void => {
      const { error, answer } = message as { error?: string; answer?: Answer };
      if (error === undefined) finish(() => resolve(answer as Answer));
      else finish(() => reject(new Error(`${name}: ${error}`)));
    };
    const onExit = (): void => finish(() => reject(new Error(`${name} ended`)));
    const timer = setTimeout(() => {
      finish(() => reject(new Error(`${name} did not answer in ${patienceMs} ms`)));
    }, patienceMs);
    child.on('message', onMessage).on('exit', onExit);
  });
}
