import type { Activation } from './activation.ts';
import type { ErrorCode } from './errors.ts';
import type { ClusterName, CommandId, ModelId, ProjectName, ServiceId } from './ids.ts';
import type { Job } from './job.ts';
import type { Model, ModelSpec } from './model.ts';
import type { Project } from './project.ts';
import type { Service, ServiceSpec } from './service.ts';
import type { EpochMs } from './time.ts';

/** An accepted wish to change desired state. */
export type CommandBody =
  | { readonly kind: 'activate'; readonly cluster: ClusterName | null }
  | { readonly kind: 'register'; readonly spec: ModelSpec }
  | { readonly kind: 'unregister'; readonly hfModelId: string; readonly stop: boolean }
  | { readonly kind: 'wake'; readonly hfModelId: string }
  | { readonly kind: 'sleep'; readonly hfModelId: string }
  | { readonly kind: 'scale'; readonly hfModelId: string; readonly replicas: number }
  /** The service gets the id of the command. */
  | { readonly kind: 'startService'; readonly spec: ServiceSpec }
  | { readonly kind: 'stopService'; readonly serviceId: ServiceId };

/** `created` tells a first registration or activation from a change. */
export type CommandOutcome =
  | { readonly status: 'applied'; readonly created: boolean }
  | {
      readonly status: 'rejected';
      readonly code: ErrorCode;
      readonly message: string;
      readonly param: string | null;
    };

export interface Command {
  readonly id: CommandId;
  readonly project: ProjectName;
  readonly body: CommandBody;
  /** Principal id. */
  readonly by: string;
  readonly acceptedAt: EpochMs;
  readonly outcome: CommandOutcome | null;
  readonly finishedAt: EpochMs | null;
  /** W3C trace id, so that one wake is one trace over processes. */
  readonly traceId: string;
}

/** Current rows that a command may touch, as they are at the moment of the decision. */
export interface CommandContext {
  readonly command: Command;
  readonly project: Project | null;
  /** The model that the body names, registered or not. */
  readonly model: Model | null;
  readonly liveJobs: readonly Job[];
  /** The service that the body names. */
  readonly service: Service | null;
}

/** What a command does to its model, service or project. */
export interface CommandEffect {
  readonly outcome: CommandOutcome;
  /** The model to insert or update; absent: untouched. */
  readonly model?: Model;
  /** The service to insert or update; absent: untouched. */
  readonly service?: Service;
  /** The project to insert or update; absent: untouched. */
  readonly project?: Project;
  /** What the cluster said to an activation, to be kept; absent: it was not asked. */
  readonly activation?: Activation;
}

/** What a decision needs from outside: time, an unused id and the installation's first cluster. */
export interface CommandInput {
  readonly now: EpochMs;
  readonly newModelId: ModelId;
  /** For an activation that names no cluster. */
  readonly defaultCluster: ClusterName | null;
}

export type DecideCommand = (context: CommandContext, input: CommandInput) => CommandEffect;
