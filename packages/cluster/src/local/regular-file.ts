import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { hasCode } from './has-code.ts';

/** Not there, closed to us by the job, or of a kind that cannot be opened so: a socket, a device without a driver. */
const nothingThere = ['ENOENT', 'ENOTDIR', 'EACCES', 'ENXIO', 'ENODEV', 'ELOOP'];

/**
 * Uses a file of a job's directory, where whoever has a shell in the job may put what they like: opening a pipe to
 * which nobody writes would hold a thread of this process for ever, and a device has no end.
 * @returns null: it is not there, not for us, or no regular file
 * @throws Error of the system, where it cannot be opened for another reason
 */
export async function withRegularFile<T>(
  path: string,
  use: (file: FileHandle, size: number) => Promise<T>,
): Promise<T | null> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error) => {
    if (nothingThere.some((code) => hasCode(error, code))) return null;
    throw error;
  });
  if (file === null) return null;
  try {
    const stat = await file.stat();
    return stat.isFile() ? await use(file, stat.size) : null;
  } finally {
    await file.close();
  }
}

/** So many bytes of a file from an offset on, or those that it has there. */
export async function readPart(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, at);
  return buffer.subarray(0, bytesRead);
}
