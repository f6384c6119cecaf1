import type { Instance } from '../instance.ts';
import type { Job, Task } from '../world/job-types.ts';

/** `<scratch>/<instance>/HEAppE/Executions/<account>/<job specification id>`, as FileSystemUtils builds it. */
export function jobDirectory(instance: Instance, job: Job): string {
  const assignment = instance.database.world.assignments.find(
    ({ projectId, clusterId }) =>
      projectId === job.specification.projectId && clusterId === job.specification.clusterId,
  );
  const base = assignment?.scratchStoragePath ?? '';
  return `${base}/${instance.settings.instanceIdentifier}/HEAppE/Executions/${job.account}/${job.specificationId}`;
}

export function taskDirectory(instance: Instance, job: Job, task: Task): string {
  const { clusterTaskSubdirectory } = task.specification;
  const directory = `${jobDirectory(instance, job)}/${task.specificationId}`;
  return clusterTaskSubdirectory === null || clusterTaskSubdirectory === ''
    ? directory
    : `${directory}/${clusterTaskSubdirectory}`;
}
