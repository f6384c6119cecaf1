import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A worker of `reconcile` in a process of its own, that never ends a job. */
export interface QueueWorker {
  /** The next line that it prints: `ready`, then the id of each job that it takes. */
  line(): Promise<string>;
  kill(signal: NodeJS.Signals): void;
  /** @returns exit code and signal */
  readonly exited: Promise<readonly [number | null, NodeJS.Signals | null]>;
}

/** Starts one; the test sees to it that it ends. */
export function startQueueWorker(url: string, installation: string): QueueWorker {
  const script = fileURLToPath(new URL('./queue-worker-child.ts', import.meta.url));
  const child = spawn(
    process.execPath,
    ['--conditions=source', '--disable-warning=ExperimentalWarning', script, url, installation],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    line: async () => {
      const { value, done } = await lines.next();
      if (done) throw new Error('the worker ended');
      return value;
    },
    kill: (signal) => child.kill(signal),
    exited: once(child, 'exit') as Promise<unknown> as QueueWorker['exited'],
  };
}
