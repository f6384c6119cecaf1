export type { ActDeps } from './act-context.ts';
export { type ApplyActivationDeps, applyActivation } from './apply-activation.ts';
export { type ApplyCommandDeps, applyCommand } from './apply-command.ts';
export { awaitCommand } from './await-command.ts';
export { type BoundsLook, createBoundsLook } from './bounds-look.ts';
export { type EndClustersDeps, endClusters } from './end-clusters.ts';
export { type ObserveClusterDeps, observeCluster } from './observe-cluster.ts';
export type {
  ArgumentProblem,
  Clock,
  ClusterDriver,
  DirectoryProfile,
  Drivers,
  EngineProber,
  EngineTarget,
  Ids,
  JobRef,
  JobRequest,
  JobSubmission,
  LaunchProfile,
  LogPiece,
  ProbeVerdict,
  RecipeCatalog,
  RenderedScript,
  Transport,
} from './ports/cluster.ts';
export { ActivationBroken, ClusterError } from './ports/cluster.ts';
export type { EngineProbe, MetricSeries, OwnLimit } from './ports/engine-probe.ts';
export type {
  CountReport,
  LevelReport,
  LimitAnswer,
  LimitBoard,
  LimitReport,
} from './ports/limit-board.ts';
export type { KnownLog, LogBoard, LogClaim, LogNews } from './ports/log-board.ts';
export type {
  DemandBoard,
  MetricsBoard,
  Nudges,
  Placed,
  PlacementBus,
  ProxyDemand,
  RouteBus,
  TrialBoard,
  TrialQuestion,
} from './ports/messaging.ts';
export type { Log, Telemetry } from './ports/observability.ts';
export type { SessionStore } from './ports/sessions.ts';
export type {
  ClusterStatus,
  ClusterStatusStore,
  CommandInsertion,
  CommandStore,
  JobEngine,
  JobMove,
  JobPatch,
  JobStore,
  KeyedWish,
  Lease,
  LeaseStore,
  ModelStatus,
  ModelStore,
  ModelToPlan,
  ModelWithStatus,
  NewCommand,
  NoticeStore,
  PatchGuard,
  ProjectStore,
  QuietModel,
  RouteStore,
  ServiceFilter,
  ServiceStatus,
  ServiceStore,
  ServiceToPlan,
  ServiceWithJobs,
  ServiceWithStatus,
  Stores,
  UsageQuestion,
  UsageStore,
  WaitingNotice,
} from './ports/stores.ts';
export { LeaseLostError, RoomTakenError, UnfitRecordsError } from './ports/stores.ts';
export type { Webhook } from './ports/webhook.ts';
export { type ProbeJobDeps, probeJob } from './probe-job.ts';
export { createLogTurns, type LogTurns, type ReadLogDeps, readLog } from './read-log.ts';
export { type ReadMetricsDeps, readMetrics } from './read-metrics.ts';
export { type ReconcileModelDeps, reconcileModel } from './reconcile-model.ts';
export { type ReconcileServiceDeps, reconcileService } from './reconcile-service.ts';
export { seenInRoutes } from './seen-in-routes.ts';
export { type SendNoticesDeps, sendNotices } from './send-notices.ts';
export { createStartHistories, type StartHistories } from './start-histories.ts';
export { createSubmissionGate, type SubmissionGate } from './submission-gate.ts';
export {
  type SubmitCommandDeps,
  type SubmitCommandInput,
  submitCommand,
} from './submit-command.ts';
export { type SweepDeps, sweep } from './sweep.ts';
export { SWEEP_EVERY_MS } from './sweep-models.ts';
export type { WithLeaseDeps } from './with-lease.ts';
