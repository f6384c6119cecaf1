import type { ErrorCode } from './errors.ts';
import type { ClusterName, CommandId, ProjectName } from './ids.ts';
import type { ModelSpec } from './model.ts';
import type { EpochMs } from './time.ts';

/** An accepted wish to change desired state. */
export type CommandBody =
  | { readonly kind: 'activate'; readonly cluster: ClusterName | null }
  | { readonly kind: 'register'; readonly spec: ModelSpec }
  | { readonly kind: 'unregister'; readonly hfModelId: string; readonly stop: boolean }
  | { readonly kind: 'wake'; readonly hfModelId: string }
  | { readonly kind: 'sleep'; readonly hfModelId: string }
  | { readonly kind: 'scale'; readonly hfModelId: string; readonly replicas: number };

export type CommandKind = CommandBody['kind'];

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
