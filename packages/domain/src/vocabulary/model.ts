import type { ClusterName, ModelId, ProjectName } from './ids.ts';
import type { RequestLimits } from './request-limits.ts';
import type { RequestTimeouts } from './request-timeouts.ts';
import type { Routing } from './routing.ts';
import type { EpochMs } from './time.ts';

/** A value of `engine_args` after the recipe has checked it. */
export type EngineArg = string | number | boolean;

/** What a project asked for when it registered the model. */
export interface ModelSpec {
  readonly hfModelId: string;
  /** Name of a recipe under `recipes/inference`. */
  readonly engine: string;
  readonly gpuCount: number;
  readonly walltimeSeconds: number;
  /** Fraction of the walltime after which a successor is submitted, in (0, 1]. */
  readonly walltimeRatio: number;
  readonly idleTimeoutSeconds: number;
  readonly autoscale: boolean;
  /** Whether a job is replaced before its walltime ends. */
  readonly isRefreshing: boolean;
  /** null: the cluster on which the project was activated. */
  readonly cluster: ClusterName | null;
  /** Where its jobs may run besides, in order of preference. */
  readonly otherClusters: readonly ClusterName[];
  /** Jobs that are kept up while nobody asks; 0: it falls asleep. */
  readonly minReplicas: number;
  readonly maxReplicas: number;
  readonly engineArgs: Readonly<Record<string, EngineArg>>;
  readonly resources: {
    readonly nodes: number;
    readonly cpus: number | null;
    /** As SLURM writes it: `64G`, `512M`. */
    readonly memory: string | null;
  };
  /** Of requests to it; its jobs know nothing of them. */
  readonly timeouts: RequestTimeouts;
  /** Which of its endpoints gets a request. */
  readonly routing: Routing;
  /** Of all who ask for it, beside what the operator limits. */
  readonly limits: RequestLimits;
}

/** Desired state of a model. Only the scheduler writes it. */
export interface Model {
  readonly id: ModelId;
  readonly project: ProjectName;
  readonly cluster: ClusterName;
  readonly spec: ModelSpec;
  /** +1 whenever a change of the spec makes running jobs outdated. */
  readonly revision: number;
  /** false after DELETE: invisible and not routed to, but its running jobs are still watched. */
  readonly registered: boolean;
  /** After DELETE with `stop=true`: its jobs are ended. */
  readonly stopRequested: boolean;
  /** true: asleep on purpose. */
  readonly idle: boolean;
  /** How many jobs are wanted while in use, minReplicas (at least 1)…maxReplicas; moved by `scale` and by autoscaling. */
  readonly replicas: number;
  readonly replicasChangedAt: EpochMs | null;
  /** Since when its load has been so low that one job fewer would do; null: it is not. */
  readonly surplusSince: EpochMs | null;
  readonly lastWakeupAt: EpochMs | null;
  /** Last moment at which any proxy had a request for it (held ones count). */
  readonly lastRequestAt: EpochMs | null;
  /** +1 with every applied command: a plan made from an older generation must not overwrite a newer wish. */
  readonly generation: number;
  /** Trace of the command that touched it last, so that a wake is one trace from request to sbatch. */
  readonly traceId: string;
  readonly createdAt: EpochMs;
  readonly updatedAt: EpochMs;
}

/** State of a model on the wire (seed document 000, plus `failed`). */
export type ModelState = 'not_loaded' | 'queued' | 'loading' | 'ready' | 'busy' | 'failed';

/** Where jobs of a model may run, in order of preference. */
export function clustersOf({
  cluster,
  spec,
}: Pick<Model, 'cluster' | 'spec'>): readonly ClusterName[] {
  return [...new Set([cluster, ...spec.otherClusters])];
}

/**
 * Whether a change from one spec to the other outdates jobs that run on the first. Where they run is no part
 * of it: a job is judged by its own cluster.
 */
export function outdatesJobs(from: ModelSpec, to: ModelSpec): boolean {
  const launch = ({ engine, gpuCount, engineArgs, resources }: ModelSpec) =>
    JSON.stringify([
      engine,
      gpuCount,
      Object.entries(engineArgs).sort(),
      resources.nodes,
      resources.cpus,
      resources.memory,
    ]);
  return launch(from) !== launch(to);
}
