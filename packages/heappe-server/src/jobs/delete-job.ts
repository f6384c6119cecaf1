import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { HeappeError } from '../http/heappe-error.ts';
import type { Instance } from '../instance.ts';
import { type Job, jobState, stateNames } from '../world/job-types.ts';
import { jobDirectory, taskDirectory } from './paths.ts';

/** @throws HeappeError 400 for a job that is not over */
export function deleteJob(instance: Instance, job: Job, archive: boolean): void {
  if (archive) archiveJob(instance, job);
  const deletable: readonly number[] = [
    jobState.configuring,
    jobState.finished,
    jobState.failed,
    jobState.canceled,
  ];
  if (!deletable.includes(job.state)) {
    throw new HeappeError(
      'request',
      'CannotDeleteJob',
      `Cannot delete job '${job.id}', this job is in state '${stateNames[job.state]}'.`,
    );
  }
  rmSync(jobDirectory(instance, job), { recursive: true, force: true });
  job.state = jobState.deleted;
  for (const task of job.tasks) task.state = jobState.deleted;
  instance.database.save();
}

/** stdout and stderr of each task go to the project's storage. */
function archiveJob(instance: Instance, job: Job): void {
  for (const task of job.tasks) {
    const from = taskDirectory(instance, job, task);
    const to = join(archiveDirectory(instance, job), String(task.specificationId));
    mkdirSync(to, { recursive: true });
    const { standardOutputFile, standardErrorFile } = task.specification;
    for (const file of [standardOutputFile, standardErrorFile]) {
      try {
        cpSync(join(from, file), join(to, file));
      } catch {
        // A job that never ran has none.
      }
    }
  }
}

/** Where logs of deleted jobs are kept when that was asked for. */
export function archiveDirectory({ database, settings }: Instance, job: Job): string {
  const assignment = database.world.assignments.find(
    ({ projectId, clusterId }) =>
      projectId === job.specification.projectId && clusterId === job.specification.clusterId,
  );
  return join(
    assignment?.projectStoragePath ?? '',
    settings.instanceIdentifier,
    'HEAppE/JobLogs',
    job.account,
    String(job.specificationId),
  );
}
