import type { World } from '../world/types.ts';
import type { ReadJob, ReadTask } from './job-specification.ts';

/** Second level: what the database says of the job's ids. */
export function referenceComplaints(job: ReadJob, world: World): readonly string[] {
  const complaints: string[] = [];
  const cluster = world.clusters.find(({ id }) => id === job.clusterId);
  if (cluster === undefined) {
    complaints.push(`Requested Cluster with Id ${job.clusterId} does not exist in the system`);
  }
  if (!cluster?.fileTransferMethods.some(({ id }) => id === job.fileTransferMethodId)) {
    complaints.push(`Job ${job.name} has wrong FileTransferMethod`);
  }
  const assigned = world.assignments.some(
    ({ projectId, clusterId }) => projectId === job.projectId && clusterId === job.clusterId,
  );
  if (!assigned) {
    complaints.push(
      `Requested project with Id ${job.projectId} has no reference to cluster with Id ${job.clusterId}.`,
    );
  }
  for (const task of job.tasks ?? []) complaints.push(...taskComplaints(task, job, world));
  return complaints;
}

function taskComplaints(task: ReadTask, job: ReadJob, world: World): readonly string[] {
  const complaints: string[] = [];
  const nodeType = world.nodeTypes.find(({ id }) => id === task.clusterNodeTypeId);
  if (nodeType === undefined) {
    complaints.push(
      `Requested ClusterNodeType with Id ${task.clusterNodeTypeId} does not exist in the system`,
    );
  } else if (task.walltimeLimit > nodeType.maxWalltime) {
    complaints.push(
      `Defined task ${task.name} has set higher WalltimeLimit (${task.walltimeLimit}) than the maximum on this cluster node, maximal WallTimeLimit is ${nodeType.maxWalltime}`,
    );
  }
  const template = world.templates.find(({ id }) => id === task.commandTemplateId);
  if (template === undefined || template.isDeleted) {
    return [...complaints, 'Command Template does not exist.'];
  }
  for (const { identifier, query } of template.parameters) {
    const given = task.parameterValues.some(({ name }) => name === identifier);
    if (query === '' && !given) {
      complaints.push(`Command Template parameter "${identifier}" does not have a value.`);
    }
  }
  const of = world.nodeTypes.find(({ id }) => id === template.clusterNodeTypeId);
  const rules: readonly (readonly [boolean, string])[] = [
    [
      task.clusterNodeTypeId !== template.clusterNodeTypeId,
      `Task ${task.name} has wrong CommandTemplate`,
    ],
    [
      !template.isEnabled,
      `Task ${task.name} has specified disabled CommandTemplateId "${template.id}"`,
    ],
    [
      template.projectId !== null && template.projectId !== job.projectId,
      `Task ${task.name} has specified CommandTemplateId "${template.id}" which is not referenced to ProjectId "${job.projectId}" at JobSpecification`,
    ],
    [
      of?.clusterId !== job.clusterId,
      `Task "${task.name}" must used same HPC Cluster as job "${job.name}".`,
    ],
    [
      of?.fileTransferMethodId !== job.fileTransferMethodId,
      `Command template "${template.id}" for task "${task.name}" has different file transfer method "${of?.fileTransferMethodId}" than job file transfer method "${job.fileTransferMethodId}".`,
    ],
  ];
  return [...complaints, ...rules.filter(([broken]) => broken).map(([, text]) => text)];
}
