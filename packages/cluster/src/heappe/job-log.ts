import type { LogPiece } from '@wakefield/control';
import { batchPiece, cutLineOf, logPiece, startOf } from '../log-pieces.ts';
import { taskFileTypes } from './api/files.ts';
import type { JobInfo } from './api/wire-types.ts';
import type { HeappeClient } from './client.ts';
import { part, parted } from './job-files-seen.ts';
import { parseReport } from './report.ts';
import { withoutMark } from './under-way.ts';

/**
 * The job's log from an offset on. HEAppE reads to the end of a file and tells no sizes; the launcher notes that of the
 * log every few seconds, and at the end. So there may be more than it says, and of a log that nobody has measured nothing
 * is read. Two calls.
 */
export async function readJobLog(
  client: Pick<HeappeClient, 'files'>,
  job: JobInfo,
  from: number,
  bytes: number,
  signal: AbortSignal,
): Promise<LogPiece | null> {
  const report = parseReport(await part(client, job, taskFileTypes.progress, 0, signal));
  const { logBytes, logCut: cut } = report;
  // A log that is empty says no more than one that is not there.
  if (logBytes === null || logBytes === 0) return await readBatch(client, job, bytes, signal);
  const head = cutLineOf(cut).length;
  const end = cut + logBytes - head;
  // Whoever has read more than the launcher has measured goes on from there.
  const start = from > end ? from : startOf(from, bytes, { cut, end });
  const text = await part(client, job, taskFileTypes.log, head + start - cut, signal);
  return logPiece(from, start, asWritten(text).subarray(0, bytes));
}

async function readBatch(
  client: Pick<HeappeClient, 'files'>,
  job: JobInfo,
  bytes: number,
  signal: AbortSignal,
): Promise<LogPiece | null> {
  const [task] = job.Tasks;
  if (task === undefined) return null;
  const types = [taskFileTypes.standardOutput, taskFileTypes.standardError];
  const wanted = types.map((type) => ({ taskId: task.Id, type, offset: 0 }));
  const parts = await parted(client, job, wanted, signal);
  const said = types.map((type) => withoutMark(parts.get(type) ?? '')).join('');
  return said.trim() === '' ? null : batchPiece(Buffer.from(said).subarray(-bytes));
}

/** HEAppE decodes a file in pieces of so many bytes, counted from the offset (Utils/FileSystemUtils.cs at V6.3.2). */
const DECODED_AT_ONCE = 1024;

/**
 * As many bytes as the file has, so that offsets stay right: a character that lies across two of HEAppE's pieces comes as
 * replacement characters, one for its first part and one for each byte of the other. Question marks take its place, as
 * they do that of a byte which is no UTF-8. At the beginning it is the rest of a character that began before; one at the
 * end is left for the next time, as it may not be whole yet.
 */
export function asWritten(text: string): Buffer {
  if (!text.includes('\ufffd')) return Buffer.from(text);
  const [, rest = '', inner = ''] = /^(\ufffd{0,3})(.*?)\ufffd?$/s.exec(text) ?? [];
  const chunks: Buffer[] = [Buffer.alloc(rest.length, 0x80)];
  let size = rest.length;
  for (const piece of inner.split(/(\ufffd)/)) {
    const left = DECODED_AT_ONCE - (size % DECODED_AT_ONCE);
    const lost = left <= 3 ? left : 1;
    const chunk = piece === '\ufffd' ? Buffer.alloc(lost, '?') : Buffer.from(piece);
    chunks.push(chunk);
    size += chunk.length;
  }
  return Buffer.concat(chunks);
}
