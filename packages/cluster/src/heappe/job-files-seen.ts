import { taskFileTypes } from './api/files.ts';
import { heappeStates, type JobInfo } from './api/wire-types.ts';
import type { HeappeClient } from './client.ts';
import { isWaiting } from './cluster-job.ts';
import { asLook, HeappeError } from './failures.ts';
import { type JobReport, parseReport } from './report.ts';
import { withoutMark } from './under-way.ts';

/** What the files of a job say. */
export interface JobFilesSeen {
  readonly report: JobReport;
  /** Of jobs that are over; null: there is none. */
  readonly logTail: string | null;
}

export const nothingSeen: JobFilesSeen = { report: parseReport(''), logTail: null };

/** Bytes that a look brings of the log of each job that is over. */
const LOG_TAIL_BYTES = 4096;

/** Neither waits nor runs. */
export function isOver(state: number): boolean {
  return !isWaiting(state) && state !== heappeStates.running;
}

/** One call, two of a job that is over. @throws ClusterError, where HEAppE does not give them */
export async function readFiles(
  client: Pick<HeappeClient, 'files'>,
  job: JobInfo,
  signal: AbortSignal,
): Promise<JobFilesSeen> {
  const report = parseReport(await part(client, job, taskFileTypes.progress, 0, signal));
  if (!isOver(job.State)) return { report, logTail: null };
  const tail = await readTail(client, job, report, LOG_TAIL_BYTES, signal);
  return { report, logTail: tail === '' ? null : tail };
}

/**
 * The end of the job's log, and what the batch system said to it: limits and kills, which explain a sudden end.
 * HEAppE reads from an offset on and does not tell sizes: the launcher notes that of the log every few seconds, and at the end.
 */
async function readTail(
  client: Pick<HeappeClient, 'files'>,
  job: JobInfo,
  report: JobReport,
  bytes: number,
  signal: AbortSignal,
): Promise<string> {
  const [task] = job.Tasks;
  if (task === undefined) return '';
  const { log, standardOutput, standardError } = taskFileTypes;
  const { logBytes } = report;
  const wanted = [
    // Of one that may have any length nothing is read.
    ...(logBytes === null
      ? []
      : [{ taskId: task.Id, type: log, offset: Math.max(0, logBytes - bytes) }]),
    { taskId: task.Id, type: standardOutput, offset: 0 },
    { taskId: task.Id, type: standardError, offset: 0 },
  ];
  const parts = await parted(client, job, wanted, signal);
  const text = (type: number) => lastBytes(withoutMark(parts.get(type) ?? ''), bytes);
  const own = text(log);
  const batch = [text(standardOutput), text(standardError)].filter((said) => said.trim() !== '');
  return own.trim() === '' ? batch.join('\n') : own;
}

/** What follows the offset of one of the job's files; empty where it is not there. */
export async function part(
  client: Pick<HeappeClient, 'files'>,
  job: JobInfo,
  type: number,
  offset: number,
  signal: AbortSignal,
): Promise<string> {
  const [task] = job.Tasks;
  if (task === undefined) return '';
  const parts = await parted(client, job, [{ taskId: task.Id, type, offset }], signal);
  return parts.get(type) ?? '';
}

/** Texts by type of file; of files that are not there, nothing. A job that was deleted meanwhile has none. */
export async function parted(
  client: Pick<HeappeClient, 'files'>,
  job: JobInfo,
  wanted: Parameters<HeappeClient['files']['readParts']>[1],
  signal: AbortSignal,
): Promise<ReadonlyMap<number, string>> {
  try {
    const parts = await client.files.readParts(job.Id, wanted, signal);
    return new Map(parts.map(({ FileType, Content }) => [FileType, Content]));
  } catch (error) {
    if (error instanceof HeappeError && error.status === 404) return new Map();
    throw asLook(error);
  }
}

function lastBytes(text: string, bytes: number): string {
  const buffer = Buffer.from(text.replaceAll('\0', ''));
  return buffer.length <= bytes
    ? buffer.toString()
    : buffer.subarray(buffer.length - bytes).toString();
}
