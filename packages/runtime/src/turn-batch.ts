import { writeSync } from 'node:fs';

/** A destination of a log that can be made to write at once. */
export interface FlushableDestination {
  write(line: string): void;
  flush(): void;
}

/** How long a full pipe is left alone before the next attempt. */
const fullPipeMs = 5;

/**
 * Standard output, written once in a turn of the event loop however many lines that brings: for processes with a
 * line per request, where a system call per line is a tenth of the work. What a turn has logged is out when it
 * ends, and when the process exits. A pipe that nobody reads stops the process, as it does without this.
 * @param fd another open file, for tests
 */
export function turnBatch(fd = 1): FlushableDestination {
  let lines = '';
  let flushing: NodeJS.Immediate | undefined;
  const flush = (): void => {
    if (flushing !== undefined) clearImmediate(flushing);
    flushing = undefined;
    const bytes = Buffer.from(lines);
    lines = '';
    for (let written = 0; written < bytes.length; ) written += writeSome(fd, bytes, written);
  };
  process.once('exit', flush);
  return {
    write: (line) => {
      lines += line;
      flushing ??= setImmediate(flush);
    },
    flush,
  };
}

/** @returns bytes written; 0 when the pipe was full, after a pause */
function writeSome(fd: number, bytes: Buffer, from: number): number {
  try {
    return writeSync(fd, bytes, from);
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'EAGAIN') throw error;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, fullPipeMs);
    return 0;
  }
}
