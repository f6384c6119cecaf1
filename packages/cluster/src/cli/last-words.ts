import type { ClusterDriver, JobRef } from '@wakefield/control';

/** The end of what a job has printed, as text; empty where there is nothing. */
export async function lastWords(
  driver: Pick<ClusterDriver, 'readLog'>,
  job: JobRef,
  bytes: number,
  signal: AbortSignal,
): Promise<string> {
  const piece = await driver.readLog(job, 0, bytes, signal);
  return piece === null ? '' : Buffer.from(piece.bytes).toString('utf8');
}
