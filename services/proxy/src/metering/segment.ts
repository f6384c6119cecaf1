import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { EpochMs } from '@wakefield/domain';

export const unsized = -1;

/** One file of the spool, as far as it is known here. */
export interface Segment {
  readonly path: string;
  /** Bytes that are there to be read; `unsized`: nobody could tell yet. */
  written: number;
  /** Of these, those that are in the database. */
  shipped: number;
  /** Nothing more will be written to it. */
  closed: boolean;
  /** Records in it that are not in the database; of a dead process nobody has counted them: 0. */
  records: number;
  /** Since when something in it is not in the database. */
  waitingSince: EpochMs;
}

/** A file of the spool cannot be read or removed. No database that comes back mends that. */
export class SpoolFileError extends Error {
  override readonly name = 'SpoolFileError';
  readonly path: string;

  constructor(path: string, cause: unknown) {
    super(`the spool's ${path} cannot be used`, { cause });
    this.path = path;
  }

  /** Somebody has deleted it. */
  get isMissing(): boolean {
    return (this.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
  }
}

/** @throws SpoolFileError */
export async function onFile<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new SpoolFileError(path, error);
  }
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
    const { size, since: waitingSince } = measure(path);
    return { path, written: size, shipped: 0, closed: true, records: 0, waitingSince };
  });
}

/** One bad file keeps nobody from those beside it. @throws where it is not there */
function measure(path: string): { readonly size: number; readonly since: EpochMs } {
  try {
    const { size, birthtimeMs, mtimeMs } = statSync(path);
    return { size, since: birthtimeMs > 0 ? birthtimeMs : mtimeMs };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw error;
    return { size: unsized, since: Date.now() };
  }
}
