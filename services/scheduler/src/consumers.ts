import {
  type ApplyActivationDeps,
  type ApplyCommandDeps,
  applyActivation,
  applyCommand,
  type ObserveClusterDeps,
  observeCluster,
  type ProbeJobDeps,
  probeJob,
  type ReadLogDeps,
  type ReadMetricsDeps,
  type ReconcileModelDeps,
  type ReconcileServiceDeps,
  readLog,
  readMetrics,
  reconcileModel,
  reconcileService,
  type SendNoticesDeps,
  type SweepDeps,
  sendNotices,
  sweep,
} from '@wakefield/control';

export type SchedulerDeps = ApplyActivationDeps &
  ApplyCommandDeps &
  ObserveClusterDeps &
  ProbeJobDeps &
  ReadLogDeps &
  ReadMetricsDeps &
  ReconcileModelDeps &
  ReconcileServiceDeps &
  SendNoticesDeps &
  SweepDeps;

interface Run {
  readonly signal: AbortSignal;
}

/** What is done with each kind of delivery: the payload is an id, the use case reads the rest. */
export function handlers(deps: SchedulerDeps) {
  return {
    commands: {
      command: (id: string, { signal }: Run) => applyCommand(deps, id, signal),
    },
    activations: {
      activation: (id: string, { signal }: Run) => applyActivation(deps, id, signal),
    },
    reconcile: {
      model: (id: string, { signal }: Run) => reconcileModel(deps, id, signal),
    },
    services: {
      service: (id: string, { signal }: Run) => reconcileService(deps, id, signal),
    },
    notices: {
      notices: (id: string, { signal }: Run) => sendNotices(deps, id, signal),
    },
    observe: {
      cluster: (name: string, { signal }: Run) => observeCluster(deps, name, signal),
      metrics: (name: string, { signal }: Run) => readMetrics(deps, name, signal),
    },
    probe: {
      probe: (id: string, { signal }: Run) => probeJob(deps, id, signal),
    },
    logs: {
      log: (id: string, { signal }: Run) => readLog(deps, id, signal),
    },
    sweep: {
      sweep: (_id: string, { signal }: Run) => sweep(deps, signal),
    },
  };
}
