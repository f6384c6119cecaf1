import { type Job, withoutLog } from '@wakefield/domain';

/** The fields by which a job is found in a log. What its engine wrote stays out of ours. */
export function jobFields(job: Job): object {
  return {
    jobId: job.id,
    jobName: job.name,
    ...(job.modelId === null ? { serviceId: job.serviceId } : { modelId: job.modelId }),
    project: job.project,
    cluster: job.cluster,
    clusterJobId: job.clusterJobId,
    phase: job.phase,
    outcome: job.outcome,
    reason: job.reason === null ? null : withoutLog(job.reason),
  };
}
