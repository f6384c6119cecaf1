import type { Model } from '../../vocabulary/model.ts';
import { noLimits } from '../../vocabulary/request-limits.ts';
import { noTimeouts } from '../../vocabulary/request-timeouts.ts';
import { defaultRouting } from '../../vocabulary/routing.ts';
import type { Service } from '../../vocabulary/service.ts';

/** A service that is kept has a successor when so much of its walltime is over, at the latest. */
const WALLTIME_RATIO = 0.8;

/**
 * The model that a service is planned and submitted as: one job, always up, on one cluster. Requests to it are no
 * matter of the plan, which never puts it to sleep and never scales it.
 */
export function asModel({ spec, ...service }: Service): Model {
  const { nodes, cpu, memory, gpu, walltimeMinutes } = spec.resources;
  const { id, project, cluster, stopRequested, generation, traceId, createdAt, updatedAt } =
    service;
  return {
    ...{ id, project, cluster, stopRequested, generation, traceId, createdAt, updatedAt },
    spec: {
      hfModelId: spec.model ?? '',
      engine: spec.recipe,
      gpuCount: nodes * (gpu ?? 0),
      walltimeSeconds: walltimeMinutes * 60,
      walltimeRatio: WALLTIME_RATIO,
      idleTimeoutSeconds: 0,
      autoscale: false,
      isRefreshing: spec.keep,
      cluster: spec.cluster,
      otherClusters: [],
      minReplicas: 1,
      maxReplicas: 1,
      engineArgs: spec.args,
      resources: { nodes, cpus: cpu, memory },
      timeouts: noTimeouts,
      routing: defaultRouting,
      limits: noLimits,
    },
    revision: 1,
    registered: !stopRequested,
    idle: false,
    replicas: 1,
    replicasChangedAt: null,
    surplusSince: null,
    lastWakeupAt: createdAt,
    lastRequestAt: null,
  };
}
