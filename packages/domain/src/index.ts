export { decideCommand } from './commands/decide-command.ts';
export { advanceJob } from './jobs/advance-job.ts';
export { withoutLog } from './jobs/job-words.ts';
export { endMargin, servesUntil } from './jobs/lifetime.ts';
export { endedToJudge } from './planning/failure.ts';
export { isInHurry } from './planning/look-again.ts';
export { reconcile } from './planning/reconcile.ts';
export { asModel } from './planning/service/as-model.ts';
export { noticesOf } from './planning/service/notices.ts';
export { reconcileService, type ServicePlan } from './planning/service/reconcile-service.ts';
export { isOver, overStates } from './planning/service/service-state.ts';
export { hasQueue, knownCapacity, learnCapacity } from './planning/size/capacity.ts';
export { scaledTo } from './planning/size/scaling.ts';
export type { ClusterLimits, ClusterUse, Room } from './planning/staff/room.ts';
export { isLimited, roomFor } from './planning/staff/room.ts';
export type { Grant, Permission, Principal, Role } from './requests/access.ts';
export { can, mergeGrants, roles } from './requests/access.ts';
export type { HoldRefusal, WaitCounts, WaitLimits, WaitsFor } from './requests/admission.ts';
export { admitWait, hasShare } from './requests/admission.ts';
export { defaultProject } from './requests/default-project.ts';
export { type Claim, createFairOrder, type FairOrder } from './requests/fairness/fair-order.ts';
export { areFull, isFull, type PlaceRule } from './requests/fairness/places.ts';
export type { LimitRules, LimitScope, QueueRules, ScopeRules } from './requests/limits/rules.ts';
export { defaultLimitRules, defaultQueue, limitsFor, weightOf } from './requests/limits/rules.ts';
export { equalShare, nextShare } from './requests/limits/share.ts';
export type { Rate } from './requests/limits/window.ts';
export {
  fits,
  fitsAfterMs,
  levelAfter,
  rateOf,
  remainingOf,
  resetsAfterMs,
  settledLevel,
} from './requests/limits/window.ts';
export { meantService } from './requests/meant-service.ts';
export type { Access, OperationName, Right } from './requests/rights.ts';
export { decideAccess, rights } from './requests/rights.ts';
export type { Rank } from './requests/routing/bounded-load.ts';
export { loadBound, pickByRank } from './requests/routing/bounded-load.ts';
export type { Choice, TimeNeeded } from './requests/routing/choice.ts';
export { pickLeastLoaded } from './requests/routing/least-load.ts';
export { PrefixMemory } from './requests/routing/prefix-memory.ts';
export { cutPrompt, mostBlocks } from './requests/routing/prompt-blocks.ts';
export { attraction, hashText } from './requests/routing/rendezvous.ts';
export type { Suspicion } from './requests/routing/suspicion.ts';
export {
  afterAnswer,
  afterFailure,
  afterLoss,
  afterStranger,
  heedsEjections,
  isOwnFailure,
  onTrial,
} from './requests/routing/suspicion.ts';
export { xxHash32 } from './requests/routing/xx-hash.ts';
export type { TimeLimit, TimeLimits } from './requests/time-limits.ts';
export { timeLimits } from './requests/time-limits.ts';
export type { UsageView } from './requests/usage-view.ts';
export { sumsKeptFrom, usageView } from './requests/usage-view.ts';
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
  ServiceId,
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
export type { Notice, NoticeFacts, NoticeKey, NoticeKind } from './vocabulary/notice.ts';
export type {
  ClusterBounds,
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
export { noDemand, unseen } from './vocabulary/observed.ts';
export { phrases } from './vocabulary/phrases.ts';
export type { Action, ModelPatch, Observed, Plan, Policy, Reconcile } from './vocabulary/plan.ts';
export { defaultPolicy } from './vocabulary/policy.ts';
export type { Project } from './vocabulary/project.ts';
export type { RequestLimits } from './vocabulary/request-limits.ts';
export { isUnlimited, noLimits, tightest } from './vocabulary/request-limits.ts';
export type { RequestTimeouts } from './vocabulary/request-timeouts.ts';
export { noTimeouts } from './vocabulary/request-timeouts.ts';
export type {
  Endpoint,
  Route,
  RouteTable,
  ServiceEndpoint,
  ServiceRoute,
} from './vocabulary/route.ts';
export type { Routing, RoutingPolicy } from './vocabulary/routing.ts';
export { defaultRouting } from './vocabulary/routing.ts';
export type {
  Service,
  ServiceAccess,
  ServiceKeyUse,
  ServiceSpec,
  ServiceState,
} from './vocabulary/service.ts';
export { serviceBasePath } from './vocabulary/service.ts';
export type { DurationMs, EpochMs } from './vocabulary/time.ts';
export type {
  RequestOutcome,
  UsageFigures,
  UsageGroup,
  UsageKey,
  UsageRecord,
} from './vocabulary/usage.ts';
export { usageKeys } from './vocabulary/usage.ts';
