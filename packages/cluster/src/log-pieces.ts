import type { LogPiece } from '@wakefield/control';

/**
 * The line with which job.sh begins a log whose beginning it has cut off. Offsets in a log count what was ever written
 * to it: what is cut counts, this line does not.
 */
const cutLine = /^wakefield: ([1-9]\d{0,14}) bytes before this were cut off\n/;

/** The same for `[[ =~ ]]` of bash, of a line without its end. */
export const CUT_LINE =
  '^wakefield:\\ ([1-9][0-9]{0,14})\\ bytes\\ before\\ this\\ were\\ cut\\ off$';

/** Bytes that are enough to see that line. */
export const CUT_LINE_BYTES = 80;

/** How much of a log was cut off, and how long the line is that says so. */
export interface LogCut {
  readonly cut: number;
  readonly head: number;
}

/** @param beginning of the file */
export function logCut(beginning: string): LogCut {
  const [line = '', cut = '0'] = cutLine.exec(beginning) ?? [];
  return { cut: Number(cut), head: line.length };
}

export function cutLineOf(cut: number): string {
  return cut === 0 ? '' : `wakefield: ${cut} bytes before this were cut off\n`;
}

/**
 * Where to begin to read: at `from`, but at the last `bytes` where more came since, or where the log ends before: it is
 * another one then.
 */
export function startOf(from: number, bytes: number, log: { cut: number; end: number }): number {
  const isNear = from <= log.end && log.end - from <= bytes;
  return Math.max(log.cut, isNear ? from : log.end - bytes);
}

/**
 * What was read, cut to whole characters: the last one may not be written yet, the first one is incomplete where
 * nobody chose the place.
 * @param asked where whoever reads wanted to begin
 */
export function logPiece(asked: number, start: number, read: Buffer): LogPiece {
  const skip = start === asked ? 0 : continuation(read);
  const bytes = read.subarray(skip, wholeLength(read));
  return { source: 'job', from: start + skip, bytes };
}

/** The last bytes of what the batch system said to a job that has no log. */
export function batchPiece(read: Buffer): LogPiece {
  return { source: 'batch', from: 0, bytes: read.subarray(continuation(read)) };
}

/** Bytes at the beginning that belong to a character before it. */
function continuation(bytes: Buffer): number {
  let at = 0;
  while (at < 3 && at < bytes.length && ((bytes[at] ?? 0) & 0xc0) === 0x80) at++;
  return at;
}

/** Without the beginning of a character at the end (RFC 3629 §3). */
function wholeLength(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return needed > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}
