export type { Grant, Permission, Principal, Role } from './access.ts';
export { can } from './access.ts';
export type { HoldCounts, HoldLimits, HoldRefusal } from './admission.ts';
export { admitHold, hasShare } from './admission.ts';
export { advanceJob } from './advance-job.ts';
export { hasQueue, learnCapacity } from './capacity.ts';
export type {
  Command,
  CommandBody,
  CommandContext,
  CommandEffect,
  CommandInput,
  CommandOutcome,
  DecideCommand,
} from './command.ts';
export { decideCommand } from './decide-command.ts';
export type { AppErrorOptions, ErrorCode } from './errors.ts';
export { AppError, isAppError } from './errors.ts';
export type { Expectation, StartExpectation } from './expectation.ts';
export { settle } from './expectation.ts';
export type { ClusterName, CommandId, JobId, JobName, ModelId, ProjectName } from './ids.ts';
export { identityName, jobName, jobNamePrefix } from './ids.ts';
export type { Address, Job, JobOutcome, JobPatch, JobPhase, StartEstimate } from './job.ts';
export { isLeaving, isLive } from './job.ts';
export { jobShape } from './job-shape.ts';
export { withoutLog } from './job-words.ts';
export type { EngineArg, Model, ModelSpec, ModelState } from './model.ts';
export { clustersOf } from './model.ts';
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
export { unseen } from './observed.ts';
export { phrases } from './phrases.ts';
export { pickEndpoint } from './pick-endpoint.ts';
export type { Action, ModelPatch, Observed, Plan, Policy, Reconcile } from './plan.ts';
export { defaultPolicy } from './policy.ts';
export type { Project } from './project.ts';
export { reconcile } from './reconcile.ts';
export type { ClusterLimits, ClusterUse, Room } from './room.ts';
export { isLimited, roomFor } from './room.ts';
export type { Endpoint, Route, RouteTable } from './route.ts';
export type { StartHistory, Trial } from './start-history.ts';
export { FEW_WAITS } from './start-history.ts';
export type { DurationMs, EpochMs } from './time.ts';
