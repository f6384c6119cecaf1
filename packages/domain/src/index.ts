export { decideCommand } from './commands/decide-command.ts';
export { advanceJob } from './jobs/advance-job.ts';
export { withoutLog } from './jobs/job-words.ts';
export { endMargin, servesUntil } from './jobs/lifetime.ts';
export { endedToJudge } from './planning/failure.ts';
export { isInHurry } from './planning/look-again.ts';
export { reconcile } from './planning/reconcile.ts';
export { hasQueue, knownCapacity, learnCapacity } from './planning/size/capacity.ts';
export { scaledTo } from './planning/size/scaling.ts';
export type { ClusterLimits, ClusterUse, Room } from './planning/staff/room.ts';
export { isLimited, roomFor } from './planning/staff/room.ts';
export type { Grant, Permission, Principal, Role } from './requests/access.ts';
export { mergeGrants, roles } from './requests/access.ts';
export type { HoldCounts, HoldLimits, HoldRefusal } from './requests/admission.ts';
export { admitHold, hasShare } from './requests/admission.ts';
export type { TimeNeeded } from './requests/pick-endpoint.ts';
export { pickEndpoint } from './requests/pick-endpoint.ts';
export type { Access, OperationName, Right } from './requests/rights.ts';
export { decideAccess, rights } from './requests/rights.ts';
export type { TimeLimit, TimeLimits } from './requests/time-limits.ts';
export { timeLimits } from './requests/time-limits.ts';
export type { UsageView } from './requests/usage-view.ts';
export { usageView } from './requests/usage-view.ts';
export type { Expectation, StartExpectation } from './starts/expectation.ts';
export { settle } from './starts/expectation.ts';
export { jobShape } from './starts/job-shape.ts';
export type { StartHistory, Trial } from './starts/start-history.ts';
export { isWellKnown } from './starts/start-history.ts';
export type { Activation, ActivationStep } from './vocabulary/activation.ts';
export type {
  Command,
  CommandBody,
  CommandContext,
  CommandEffect,
  CommandInput,
  CommandOutcome,
  DecideCommand,
} from './vocabulary/command.ts';
export type { AppErrorOptions, ErrorCode } from './vocabulary/errors.ts';
export { AppError, isAppError } from './vocabulary/errors.ts';
export type {
  ClusterName,
  CommandId,
  JobId,
  JobName,
  ModelId,
  ProjectName,
} from './vocabulary/ids.ts';
export { identityName, jobName, jobNamePrefix } from './vocabulary/ids.ts';
export type {
  Address,
  Job,
  JobOutcome,
  JobPatch,
  JobPhase,
  StartEstimate,
} from './vocabulary/job.ts';
export { isLeaving, isLive } from './vocabulary/job.ts';
export type { EngineArg, Model, ModelSpec, ModelState } from './vocabulary/model.ts';
export { clustersOf } from './vocabulary/model.ts';
export type {
  ClusterJob,
  ClusterJobState,
  ClusterReachability,
  ClusterSnapshot,
  Demand,
  EngineMetrics,
  ExitRecord,
  FullSpell,
  JobSighting,
  ModelDemand,
  Silence,
  TotalDemand,
} from './vocabulary/observed.ts';
export { unseen } from './vocabulary/observed.ts';
export { phrases } from './vocabulary/phrases.ts';
export type { Action, ModelPatch, Observed, Plan, Policy, Reconcile } from './vocabulary/plan.ts';
export { defaultPolicy } from './vocabulary/policy.ts';
export type { Project } from './vocabulary/project.ts';
export type { RequestTimeouts } from './vocabulary/request-timeouts.ts';
export { noTimeouts } from './vocabulary/request-timeouts.ts';
export type { Endpoint, Route, RouteTable } from './vocabulary/route.ts';
export type { DurationMs, EpochMs } from './vocabulary/time.ts';
export type {
  RequestOutcome,
  UsageFigures,
  UsageGroup,
  UsageKey,
  UsageRecord,
} from './vocabulary/usage.ts';
export { usageKeys } from './vocabulary/usage.ts';
