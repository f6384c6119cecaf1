import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { LogPiece } from '@wakefield/control';
import { jobFiles } from '../job-files.ts';
import { batchPiece, CUT_LINE_BYTES, logCut, logPiece, startOf } from '../log-pieces.ts';
import { readPart, withRegularFile } from './regular-file.ts';

/** The log of the job in this directory, or of one that has none what the batch shell said; null: neither is there. */
export async function readLog(
  directory: string,
  from: number,
  bytes: number,
): Promise<LogPiece | null> {
  const log = await opened(join(directory, jobFiles.log), (file, size) =>
    logFrom(file, size, from, bytes),
  );
  if (log !== null) return log;
  return await opened(join(directory, jobFiles.batchLog), async (file, size) =>
    batchPiece(await readPart(file, Math.max(0, size - bytes), Math.min(size, bytes))),
  );
}

/** One open file: job.sh puts another one in its place when it cuts it. */
async function logFrom(
  file: FileHandle,
  size: number,
  from: number,
  bytes: number,
): Promise<LogPiece> {
  const { cut, head } = logCut((await readPart(file, 0, CUT_LINE_BYTES)).toString('latin1'));
  const end = cut + size - head;
  const start = startOf(from, bytes, { cut, end });
  return logPiece(from, start, await readPart(file, head + start - cut, end - start));
}

/** null: it is not there, or empty, or closed to us. */
function opened<T>(
  path: string,
  use: (file: FileHandle, size: number) => Promise<T>,
): Promise<T | null> {
  return withRegularFile(path, async (file, size) => (size === 0 ? null : await use(file, size)));
}
