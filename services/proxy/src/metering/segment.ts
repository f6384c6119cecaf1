import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { EpochMs } from '@wakefield/domain';

/** One file of the spool, as far as it is known here. */
export interface Segment {
  readonly path: string;
  /** Bytes that are there to be read. */
  written: number;
  /** Of these, those that are in the database. */
  shipped: number;
  /** Nothing more will be written to it. */
  closed: boolean;
  /** Since when something in it is not in the database. */
  waitingSince: EpochMs;
}

const suffix = '.log';

/** Names sort as the numbers do. */
export function segmentPath(directory: string, number: number): string {
  return join(directory, `${String(number).padStart(12, '0')}${suffix}`);
}

/** What somebody else has left in a directory, in the order in which it was written. */
export function leftSegments(directory: string): Segment[] {
  const names = readdirSync(directory).filter((name) => name.endsWith(suffix));
  return names.sort().map((name) => {
    const path = join(directory, name);
    const { size, birthtimeMs, mtimeMs } = statSync(path);
    const waitingSince = birthtimeMs > 0 ? birthtimeMs : mtimeMs;
    return { path, written: size, shipped: 0, closed: true, waitingSince };
  });
}
