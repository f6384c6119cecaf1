import { type Call, type Route, usualLimit } from '../http/routes.ts';
import { requireRoleSomewhere } from '../people/roles.ts';
import { date } from '../world/dates.ts';
import { type Job, stateNames } from '../world/types.ts';

const path = (action: string) => `JobReporting/${action}`;
const read = { method: 'GET', limit: usualLimit } as const;

/** JobReportingController: only what tells of a job's id in SLURM, and the count by state. */
export const reportingRoutes: readonly Route[] = [
  { ...read, path: path('JobsDetailedReport'), handle: detailed },
  { ...read, path: path('JobsStateAgregationReport'), handle: byState },
];

function visibleJobs(call: Call): readonly Job[] {
  const { database } = call.instance;
  const { world } = database;
  const user = call.caller();
  const projects = requireRoleSomewhere(user, 'Reporter', world.projects);
  const ids = new Set(projects.map(({ id }) => id));
  return world.jobs.filter(({ specification }) => ids.has(specification.projectId));
}

function byState(call: Call) {
  const counts = new Map<number, number>();
  for (const { state } of visibleJobs(call)) counts.set(state, (counts.get(state) ?? 0) + 1);
  const rows = [...counts].map(([state, count]) => ({
    JobStateId: state,
    JobStateName: stateNames[state] ?? null,
    Count: count,
  }));
  return { json: rows };
}

function detailed(call: Call) {
  const { world } = call.instance.database;
  const jobs = visibleJobs(call);
  const projects = world.projects.filter(({ id }) =>
    jobs.some(({ specification }) => specification.projectId === id),
  );
  const rows = projects.map((project) => ({
    Id: project.id,
    Name: project.name,
    Description: project.description,
    AccountingString: project.accountingString,
    Clusters: world.clusters.map((cluster) => ({
      Id: cluster.id,
      Name: cluster.name,
      ClusterNodeTypes: world.nodeTypes
        .filter(({ clusterId }) => clusterId === cluster.id)
        .map((nodeType) => ({
          Id: nodeType.id,
          Name: nodeType.name,
          Jobs: jobs
            .filter(
              ({ specification }) =>
                specification.projectId === project.id &&
                specification.tasks[0]?.clusterNodeTypeId === nodeType.id,
            )
            .map(presentJob),
        })),
    })),
  }));
  return { json: rows };
}

function presentJob(job: Job): object {
  return {
    Id: job.id,
    Name: job.specification.name,
    State: job.state,
    Tasks: job.tasks.map((task) => ({
      Id: task.id,
      Name: task.specification.name,
      State: task.state,
      StartTime: date(task.startTime, false),
      EndTime: date(task.endTime, false),
      CommandTemplateId: task.specification.commandTemplateId,
      ScheduledJobId: task.scheduledJobId,
      Usage: task.allocatedSeconds,
    })),
  };
}
