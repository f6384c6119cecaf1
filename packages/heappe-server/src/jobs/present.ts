import type { Instance } from '../instance.ts';
import { date } from '../world/dates.ts';
import type { Job, Task } from '../world/job-types.ts';
import { presentTemplate } from '../world/present.ts';

/**
 * SubmittedJobInfoExt. `fresh` names the dates that this very call has set: they come from memory and end in `Z`,
 * all others come from the database.
 */
export function presentJob(
  instance: Instance,
  job: Job,
  fresh: readonly ('creation' | 'submit')[] = [],
): object {
  const stored = (value: number | null) => date(value, false);
  const total = job.tasks.reduce((sum, task) => sum + (task.allocatedSeconds ?? 0), 0);
  return {
    Id: job.id,
    Name: job.specification.name,
    State: job.state,
    CreationTime: date(job.creationTime, fresh.includes('creation')),
    SubmitTime: date(job.submitTime, fresh.includes('submit')),
    StartTime: stored(job.startTime),
    EndTime: stored(job.endTime),
    TotalAllocatedTime: job.submitTime === null ? null : total,
    SubProject: job.specification.subProject,
    Tasks: job.tasks.map((task) => presentTask(instance, job, task, stored)),
  };
}

function presentTask(
  { database, traits }: Instance,
  job: Job,
  task: Task,
  stored: (value: number | null) => string | null,
): object {
  const { nodeTypes, projects, templates } = database.world;
  const { specification } = task;
  const nodeType = nodeTypes.find(({ id }) => id === specification.clusterNodeTypeId);
  const project = projects.find(({ id }) => id === job.specification.projectId);
  const template = templates.find(({ id }) => id === specification.commandTemplateId);
  return {
    Id: task.id,
    Name: specification.name,
    State: task.state,
    Priority: specification.priority,
    AllocatedTime: task.allocatedSeconds,
    AllocatedCoreIds: task.nodes,
    StartTime: stored(task.startTime),
    EndTime: stored(task.endTime),
    NodeType: {
      Id: nodeType?.id ?? 0,
      Name: nodeType?.name ?? null,
      Description: nodeType?.description ?? null,
      Project: {
        Id: project?.id ?? 0,
        Name: project?.name ?? null,
        Description: project?.description ?? null,
        AccountingString: project?.accountingString ?? null,
        CommandTemplate: template === undefined ? null : presentTemplate(template),
      },
    },
    ErrorMessage: null,
    CpuHyperThreading: specification.cpuHyperThreading,
    ...(traits.reason ? { Reason: task.reason } : {}),
  };
}
