import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

export interface Finished {
  /** null when a signal ended it. */
  readonly code: number | null;
  readonly output: string;
}

/** What it says, so far. */
export function outputOf(child: ChildProcess): () => string {
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
  return () => text;
}

/** Waits for its end. */
export async function finished(child: ChildProcess): Promise<Finished> {
  const output = outputOf(child);
  await once(child, 'close');
  return { code: child.exitCode, output: output() };
}

/** SIGTERM, and SIGKILL when the grace is over. @returns exit code, null after SIGKILL */
export async function stop(child: ChildProcess, graceMs: number): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), graceMs);
  await exit;
  clearTimeout(late);
  return child.exitCode;
}
