import type { ClusterName, ProjectName, ServiceId } from './ids.ts';
import type { EngineArg } from './model.ts';
import type { EpochMs } from './time.ts';

/** How requests to a service carry the key of its job. */
export type ServiceKeyUse =
  /** `Authorization: <scheme> <key>`. */
  | { readonly kind: 'authorization'; readonly scheme: string }
  /** A header of its own. */
  | { readonly kind: 'header'; readonly name: string }
  /** It asks for none: whoever reaches its port is let in. */
  | { readonly kind: 'none' };

/** What a service runs, with every default that its recipe had when it was started: the recipe may change since. */
export interface ServiceSpec {
  readonly name: string;
  /** Path of its recipe. */
  readonly recipe: string;
  /** null: the cluster on which the project was activated. */
  readonly cluster: ClusterName | null;
  /** Whether it is replaced before its walltime ends, and when it fails. */
  readonly keep: boolean;
  /** The model that it serves; null: none. */
  readonly model: string | null;
  /** Parameters of the recipe. */
  readonly args: Readonly<Record<string, EngineArg>>;
  /** Variables as their sender would write them. */
  readonly environment: Readonly<Record<string, string>>;
  /** Those of them that its job has. */
  readonly exported: Readonly<Record<string, string>>;
  /** Given ones that do nothing, with the reason. */
  readonly ignored: Readonly<Record<string, string>>;
  /** CPUs, memory and GPUs are those of each node. */
  readonly resources: {
    readonly nodes: number;
    readonly cpu: number;
    /** As SLURM writes it: `64G`. */
    readonly memory: string;
    readonly walltimeMinutes: number;
    /** null: none. */
    readonly gpu: number | null;
  };
  readonly access: ServiceAccess;
}

/** What whoever passes requests on to a service has to know of it. */
export interface ServiceAccess {
  /** What a caller has to be allowed in the project: a notebook is a shell, an engine is not. */
  readonly permission: 'infer' | 'manage';
  readonly key: ServiceKeyUse;
  /** Its pages are below the path under which they are reached from outside; else at the root. */
  readonly underBasePath: boolean;
  readonly websocket: boolean;
  /** Path that a person opens; absent: the root. */
  readonly page?: string;
}

/** A program that somebody started from a recipe: desired state of one job. Only the scheduler writes it. */
export interface Service {
  /** Id of the command that started it. */
  readonly id: ServiceId;
  readonly project: ProjectName;
  readonly cluster: ClusterName;
  readonly spec: ServiceSpec;
  /** Somebody has stopped it: its jobs are ended, and it stays so. */
  readonly stopRequested: boolean;
  /** +1 with every applied command: a plan made from an older generation must not overwrite a newer wish. */
  readonly generation: number;
  /** Principal id. */
  readonly createdBy: string;
  /** Trace of the command that touched it last. */
  readonly traceId: string;
  readonly createdAt: EpochMs;
  readonly updatedAt: EpochMs;
}

/**
 * State of a service on the wire (seed document 001, and what follows `running`).
 * - `pending`    its job waits
 * - `building`   its job runs and makes what the recipe needs
 * - `starting`   its job runs, and it does not answer yet
 * - `running`    it answers
 * - `stopping`   its last job is ending
 * - `stopped`    as somebody asked
 * - `completed`  its walltime was over
 * - `failed`     `reason` says why
 */
export type ServiceState =
  | 'pending'
  | 'building'
  | 'starting'
  | 'running'
  | 'stopping'
  | 'stopped'
  | 'completed'
  | 'failed';

/** Path under which a service is reached through the public door, without a slash at the end. */
export function serviceBasePath(id: ServiceId): string {
  return `/api/v1/services/${id}/proxy`;
}
