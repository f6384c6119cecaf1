export type {
  ArgumentProblem,
  Clock,
  ClusterDriver,
  EngineProber,
  EngineTarget,
  Ids,
  JobRef,
  JobSubmission,
  LaunchProfile,
  ProbeVerdict,
  RecipeCatalog,
  Transport,
} from './ports/cluster.ts';
export { ClusterError } from './ports/cluster.ts';
export type {
  DemandBoard,
  MetricsBoard,
  Nudges,
  ProxyDemand,
  RouteBus,
} from './ports/messaging.ts';
export type {
  ClusterStatusStore,
  CommandContext,
  CommandEffect,
  CommandInsertion,
  CommandStore,
  JobPatch,
  JobStore,
  Lease,
  LeaseStore,
  ModelStatus,
  ModelStore,
  ModelWithStatus,
  NewCommand,
  ProjectStore,
  RouteStore,
  Stores,
} from './ports/stores.ts';
export { LeaseLostError } from './ports/stores.ts';
