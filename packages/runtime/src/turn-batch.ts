import { writeSync } from 'node:fs';

/** A destination of a log that can be made to write at once. */
export interface FlushableDestination {
  write(line: string): void;
  flush(): void;
}

/** As writeSync: how many bytes were taken; throws with the code of write(2). */
type WriteBytes = (fd: number, bytes: Buffer, from: number) => number;

/** How long a full pipe is left alone before the next attempt. */
const fullPipeMs = 5;

/**
 * Standard output, written once in a turn of the event loop however many lines that brings: for processes with a
 * line per request, where a system call per line is a tenth of the work. What a turn has logged is out when it
 * ends, and when the process exits. A pipe that nobody reads stops the process, as it does without this.
 *
 * A log that cannot be written (the disk is full, the reader is gone) never stops or fails the process: those
 * lines are lost, every later turn tries anew, and the first line that gets through again says how many are missing.
 * @param fd another open file, for tests
 */
export function turnBatch(fd = 1, write: WriteBytes = writeSync): FlushableDestination {
  let lines: string[] = [];
  let flushing: NodeJS.Immediate | undefined;
  let lost = { lines: 0, code: '', midLine: false };

  const flush = (): void => {
    if (flushing !== undefined) clearImmediate(flushing);
    flushing = undefined;
    if (lines.length === 0) return;
    const batch = lines;
    lines = [];
    const bytes = Buffer.from((lost.lines > 0 ? lossNotice(lost) : '') + batch.join(''));
    let written = 0;
    try {
      while (written < bytes.length) written += writeSome(write, fd, bytes, written);
      lost = { lines: 0, code: '', midLine: false };
    } catch (error) {
      lost = {
        // A batch that was cut counts whole: which of its lines are there is for nobody to guess.
        lines: lost.lines + batch.length,
        code: codeOf(error),
        midLine: written === 0 ? lost.midLine : bytes[written - 1] !== lineFeed,
      };
    }
  };
  process.once('exit', flush);
  return {
    write: (line) => {
      lines.push(line);
      flushing ??= setImmediate(flush);
    },
    flush,
  };
}

const lineFeed = 0x0a;

function lossNotice(lost: {
  readonly lines: number;
  readonly code: string;
  readonly midLine: boolean;
}): string {
  const notice = {
    level: 'warn',
    time: new Date().toISOString(),
    lines: lost.lines,
    code: lost.code,
    msg: 'log lines lost',
  };
  return `${lost.midLine ? '\n' : ''}${JSON.stringify(notice)}\n`;
}

/** @returns bytes written; 0 when the pipe was full, after a pause */
function writeSome(write: WriteBytes, fd: number, bytes: Buffer, from: number): number {
  try {
    return write(fd, bytes, from);
  } catch (error) {
    if (codeOf(error) !== 'EAGAIN') throw error;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, fullPipeMs);
    return 0;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
