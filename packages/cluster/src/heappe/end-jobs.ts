import { ClusterError } from '@wakefield/control';
import type { HeappeConfig } from '../config/heappe.ts';
import { heappeStates, type JobInfo } from './api/wire-types.ts';
import type { HeappeClient } from './client.ts';
import { isWaiting } from './cluster-job.ts';
import { asLook, HeappeError } from './failures.ts';
import { launcherFiles } from './launcher.ts';
import { putFiles } from './put-files.ts';

/**
 * Ends a job outright. One that was only created is deleted, as HEAppE says that it cancelled such a job and forgets to
 * write it down (JobManagementLogic.cs at V6.3.2). One that waits for an account may come out of that as if nothing
 * had been said, for the same reason, and is cancelled once it is queued: whoever wanted its end asks again.
 */
export async function cancelJob(
  client: HeappeClient,
  job: JobInfo,
  signal: AbortSignal,
): Promise<void> {
  if (job.State === heappeStates.configuring)
    return await goneAnyway(client.jobs.remove(job.Id, signal));
  if (!isWaiting(job.State) && job.State !== heappeStates.running) return;
  await goneAnyway(client.jobs.cancel(job.Id, signal));
}

/**
 * Asks a job to drain: its launcher finds a file and sends USR1 to the job's script. One that waits is cancelled.
 * Should it start this very moment, it finds the file, too.
 */
export async function askJobToEnd(
  config: HeappeConfig,
  client: HeappeClient,
  job: JobInfo,
  signal: AbortSignal,
): Promise<void> {
  if (isWaiting(job.State)) return await cancelJob(client, job, signal);
  if (job.State !== heappeStates.running) return;
  await tellToEnd(config, client, job, signal);
}

/** For the job's launcher, whatever HEAppE thinks of the job. */
export async function tellToEnd(
  config: HeappeConfig,
  client: HeappeClient,
  job: JobInfo,
  signal: AbortSignal,
): Promise<void> {
  await putFiles(config, client, job, { [launcherFiles.end]: 'asked\n' }, signal).catch(
    (error: unknown) => {
      throw asLook(error);
    },
  );
}

/** With its directory, if it is over: HEAppE deletes nothing that may still run, and says so with an error. */
export async function deleteJob(
  client: HeappeClient,
  { Id, State }: JobInfo,
  signal: AbortSignal,
): Promise<void> {
  const { finished, failed, canceled } = heappeStates;
  if (State === finished || State === failed || State === canceled)
    await goneAnyway(client.jobs.remove(Id, signal));
}

/** Ended or deleted since the list was made: that is what was wanted. */
async function goneAnyway(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof HeappeError)) throw error;
    const ended = /^Cannot (cancel|delete) job|does not exist|incorrect job state/i.test(
      error.detail,
    );
    if (!ended) throw asLook(error);
  }
}

/** Of several, each is tried; then the first failure is told. */
export async function eachOf<T>(
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  const results = await Promise.allSettled(items.map(work));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed === undefined) return;
  if (failed.reason instanceof ClusterError) throw failed.reason;
  throw new ClusterError('unreachable', String(failed.reason), failed.reason);
}
