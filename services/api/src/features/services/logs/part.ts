import type { LogWish } from '@wakefield/contracts';
import type { KnownLog } from '@wakefield/control';

const NEWLINE = 0x0a;

/** A part of a log, by offsets. */
export interface LogPart {
  readonly from: number;
  readonly bytes: Buffer;
}

/** The last lines of what is known, whole ones where there is more before them. */
export function lastPart(
  known: KnownLog,
  { lines, bytes: most }: Pick<LogWish, 'lines' | 'bytes'>,
): LogPart {
  const { bytes, at } = known;
  const bounded = Math.max(0, bytes.length - most);
  const whole = at + bounded === 0 ? 0 : afterNewline(bytes, bounded);
  const start = Math.max(whole, startOfLines(bytes, lines));
  return { from: at + start, bytes: bytes.subarray(start) };
}

/**
 * Where the first whole line begins. A line that is longer than all that is wanted has to be shown in part: from
 * its first whole character on.
 */
function afterNewline(bytes: Buffer, start: number): number {
  if (start > 0 && bytes[start - 1] === NEWLINE) return start;
  const end = bytes.indexOf(NEWLINE, start);
  if (end >= 0 && end + 1 < bytes.length) return end + 1;
  let at = start;
  while (at < start + 3 && ((bytes[at] ?? 0) & 0xc0) === 0x80) at++;
  return at;
}

/** Where the last `lines` lines begin; one that is not ended counts. */
function startOfLines(bytes: Buffer, lines: number): number {
  let left = lines;
  for (let at = bytes.length; at > 0; at--) {
    // What is before this place ends a line, and what is behind it are the lines that were counted.
    if ((bytes[at - 1] === NEWLINE || at === bytes.length) && left-- === 0) return at;
  }
  return 0;
}

/**
 * How many of the bytes to pass on now: lines that are whole, or all where the last one will never be, or is too long to
 * wait for.
 */
export function passable(bytes: Buffer, isEnd: boolean, longest: number): number {
  if (isEnd || bytes.length === 0) return bytes.length;
  const end = bytes.lastIndexOf(NEWLINE) + 1;
  return end === 0 && bytes.length >= longest ? wholeCharacters(bytes) : end;
}

/** Without the beginning of a character at the end, where there is one. */
function wholeCharacters(bytes: Buffer): number {
  let at = bytes.length;
  while (at > bytes.length - 3 && at > 1 && ((bytes[at - 1] ?? 0) & 0xc0) === 0x80) at--;
  return (bytes[at - 1] ?? 0) >= 0xc0 ? at - 1 : bytes.length;
}

/** For people and terminals: what is no UTF-8 becomes replacement characters, NUL nothing. */
export function textOf(bytes: Buffer): string {
  return bytes.toString('utf8').replaceAll('\0', '');
}
