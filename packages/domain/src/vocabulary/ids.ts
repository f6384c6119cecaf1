/** Accounting string of an HPC compute project, e.g. `eu-00-00`; also the tenant. */
export type ProjectName = string;
/** Name of a cluster in the configuration. */
export type ClusterName = string;
/** Row id of a model (UUID). The (project, hf_model_id) pair is unique, too. */
export type ModelId = string;
/** Row id of a service (UUID). On the wire a service also goes by the ids that its cluster gave its jobs. */
export type ServiceId = string;
/** Row id of a job (UUID); an endpoint has the id of its job. */
export type JobId = string;
/** Row id of a command (UUID). */
export type CommandId = string;
/**
 * Name under which a job is submitted and looked up: unique for ever, 1–50 of `[a-z0-9-]`, so that it is
 * legal for SLURM and for HEAppE. Deterministic: a crashed submission finds its job by it.
 */
export type JobName = string;

/**
 * The deterministic name of the `seq`-th job of a model or service.
 * @param installation short id of this Wakefield installation; two of them may share a cluster account
 */
export function jobName(installation: string, ownerId: ModelId | ServiceId, seq: number): JobName {
  return `${jobNamePrefix(installation)}${ownerId.replaceAll('-', '').slice(0, 16)}-${seq}`;
}

/** What every job name of this installation starts with. */
export function jobNamePrefix(installation: string): string {
  return `wf-${installation}-`;
}

/** Alias under which a job's engine also serves its model, so that a foreign engine on a reused port is noticed. */
export function identityName(name: JobName): string {
  return `__job_${name}`;
}
