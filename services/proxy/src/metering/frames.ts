import { crc32 } from 'node:zlib';

/**
 * A segment of the spool is a row of frames, one for each time that it was written to: a line that says how long the
 * frame is and what its checksum is, and then lines of text.
 */
const mark = '#1 ';
const hexDigits = 8;
const headBytes = mark.length + hexDigits + 1 + hexDigits + 1;
const blankHead = ' '.repeat(headBytes);
const headForm = /^#1 ([0-9a-f]{8}) ([0-9a-f]{8})\n$/;
const markBytes = Buffer.from(mark);

/** @param lines each with its line feed */
export function frameOf(lines: string): Buffer {
  const bytes = Buffer.from(blankHead + lines);
  const body = bytes.subarray(headBytes);
  bytes.write(`${mark}${hex(crc32(body))} ${hex(body.length)}\n`, 'latin1');
  return bytes;
}

/**
 * What stands at one place of a segment.
 * - `whole`  a frame
 * - `damaged`  something else, up to the next frame
 * - `torn`  the beginning of a frame whose end was never written
 */
export type Found =
  | { readonly kind: 'whole'; readonly lines: string; readonly next: number }
  | { readonly kind: 'damaged' | 'torn'; readonly next: number };

/** @returns null at the end */
export function frameAt(bytes: Buffer, at: number): Found | null {
  if (at >= bytes.length) return null;
  const head = headForm.exec(bytes.toString('latin1', at, at + headBytes));
  const bodyAt = at + headBytes;
  const end = bodyAt + Number.parseInt(head?.[2] ?? '', 16);
  // Without a head the end is no number, and no comparison holds.
  if (
    end <= bytes.length &&
    crc32(bytes.subarray(bodyAt, end)) === Number.parseInt(head?.[1] ?? '', 16)
  ) {
    return { kind: 'whole', lines: bytes.toString('utf8', bodyAt, end), next: end };
  }
  // What only looks like a frame does not have its checksum.
  const next = bytes.indexOf(markBytes, at + 1);
  if (next !== -1) return { kind: 'damaged', next };
  return { kind: head === null && bodyAt <= bytes.length ? 'damaged' : 'torn', next: bytes.length };
}

function hex(value: number): string {
  return value.toString(16).padStart(hexDigits, '0');
}
