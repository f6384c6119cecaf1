import { ClusterError } from '@wakefield/control';
import type { HeappeConfig } from '../config/heappe.ts';
import type { JobInfo } from './api/wire-types.ts';
import type { HeappeClient } from './client.ts';
import { HeappeError } from './failures.ts';
import { putBySftp } from './sftp.ts';

/**
 * Puts files into the directory of a job's task, whatever state the job is in: over HEAppE itself from 6.2 on, before
 * that (or where the site says so) by SFTP with a login for this job, which is given back.
 * @throws ClusterError; files that are there already are replaced, so trying again is safe
 */
export async function putFiles(
  config: HeappeConfig,
  client: HeappeClient,
  job: JobInfo,
  files: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  const [task] = job.Tasks;
  if (task === undefined)
    throw new ClusterError('unreachable', `HEAppE's job ${job.Id} has no task`);
  const { upload } = await client.features(signal);
  if (config.fileTransfer === 'heappe' && !upload)
    throw new ClusterError('misconfigured', 'fileTransfer: heappe needs HEAppE 6.2 or newer');
  if (upload && config.fileTransfer !== 'sftp') {
    const missing = await client.files.upload({ jobId: job.Id, taskId: task.Id }, files, signal);
    if (missing.length === 0) return;
    throw new ClusterError(
      'unreachable',
      `HEAppE could not put ${missing.join(', ')} into the job's directory`,
    );
  }
  await overSftp(config, client, job.Id, files, signal);
}

async function overSftp(
  config: HeappeConfig,
  client: HeappeClient,
  jobId: number,
  files: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  const access = await client.files.requestAccess(jobId, signal);
  try {
    await putBySftp(access, files, {
      hostKeys: config.sftpHostKey,
      timeoutMs: config.timeouts.command,
      signal,
    });
  } finally {
    const { PublicKey } = access.Credentials;
    // It is good for a day, and counts against the job's five: it is given back also when we were told to stop.
    const late = AbortSignal.timeout(config.timeouts.command);
    if (PublicKey)
      await client.files.closeAccess(jobId, PublicKey, late).catch((error: unknown) => {
        if (!(error instanceof HeappeError)) throw error;
      });
  }
}
