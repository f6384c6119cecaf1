export type { Grant, Permission, Principal, Role } from './access.ts';
export { can } from './access.ts';
export type { Command, CommandBody, CommandKind, CommandOutcome } from './command.ts';
export type { AppErrorOptions, ErrorCode } from './errors.ts';
export { AppError, isAppError } from './errors.ts';
export type { ClusterName, CommandId, JobId, JobName, ModelId, ProjectName } from './ids.ts';
export { identityName, jobName, jobNamePrefix } from './ids.ts';
export type { Address, Job, JobOutcome, JobPhase } from './job.ts';
export { isLive } from './job.ts';
export type { EngineArg, Model, ModelSpec, ModelState } from './model.ts';
export { outdatesJobs } from './model.ts';
export type {
  ClusterJob,
  ClusterJobState,
  ClusterReachability,
  ClusterSnapshot,
  Demand,
  EngineMetrics,
  ExitRecord,
  JobSighting,
  ModelDemand,
} from './observed.ts';
export type { Action, ModelPatch, Observed, Plan, Policy, Reconcile } from './plan.ts';
export type { Project } from './project.ts';
export type { Endpoint, Route, RouteTable } from './route.ts';
export type { DurationMs, EpochMs } from './time.ts';
