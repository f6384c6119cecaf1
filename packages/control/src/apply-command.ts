import {
  type Activation,
  type ClusterName,
  type Command,
  type CommandBody,
  type CommandId,
  type CommandOutcome,
  decideCommand,
  type Job,
} from '@wakefield/domain';
import { nudgeModel } from './nudge-model.ts';
import { nudgeService } from './nudge-service.ts';
import type { Clock, Ids } from './ports/cluster.ts';
import type { Nudges, RouteBus } from './ports/messaging.ts';
import type { Log } from './ports/observability.ts';
import type { CommandStore, RouteStore } from './ports/stores.ts';
import { publishRoutes } from './publish-routes.ts';

export interface ApplyCommandDeps {
  readonly commands: Pick<CommandStore, 'get' | 'apply' | 'listUnfinishedBefore'>;
  readonly routes: Pick<RouteStore, 'revision'>;
  readonly routeBus: Pick<RouteBus, 'publish'>;
  /** Used when an activation names none. */
  readonly defaultCluster: ClusterName | null;
  readonly nudges: Pick<Nudges, 'model' | 'service' | 'activation'>;
  readonly clock: Clock;
  readonly ids: Pick<Ids, 'uuid'>;
  readonly log: Log;
}

/** More than a project has under way at once. */
export const EARLIER_AT_MOST = 100;

/**
 * Applies one accepted command to the desired state. Safe to run twice, and by two processes at once.
 *
 * What the project asked for earlier comes first: its delivery may have been lost or overtaken, and a late
 * `sleep` must not undo the `wake` that followed it. For the same reason a command waits for the next sweep when one
 * that it follows cannot be applied now, or when there are more before it than are looked at.
 *
 * An activation is not for here, as a cluster may take minutes over it: it is handed on, and keeps nobody waiting but
 * those that follow it.
 * @throws what kept an earlier command, on which this one depends, from being applied
 */
export async function applyCommand(
  deps: ApplyCommandDeps,
  id: CommandId,
  signal: AbortSignal,
): Promise<void> {
  const command = await deps.commands.get(id);
  if (command === null || command.outcome !== null) return;
  if (command.body.kind === 'activate') {
    await deps.nudges.activation(id, command.traceId);
    return;
  }
  const earlier = await deps.commands.listUnfinishedBefore(command, EARLIER_AT_MOST);
  const all = earlier.length < EARLIER_AT_MOST ? [...earlier, command] : earlier;
  const stuck = await applyInOrder(deps, all, signal);
  if (earlier.length > 0 || stuck.length === 0) await publishRoutes(deps);
  const own = stuck.find((other) => other.command === command);
  if (own !== undefined && own.error !== null) throw own.error;
}

interface Stuck {
  readonly command: Command;
  /** null: it is an activation, or follows one. */
  readonly error: Error | null;
}

/** @returns those that could not be applied */
async function applyInOrder(
  deps: ApplyCommandDeps,
  commands: readonly Command[],
  signal: AbortSignal,
): Promise<readonly Stuck[]> {
  const stuck: Stuck[] = [];
  for (const command of commands) {
    signal.throwIfAborted();
    const before = stuck.find((other) => follows(command, other.command));
    if (before !== undefined) stuck.push({ command, error: before.error });
    else if (command.body.kind === 'activate') stuck.push({ command, error: null });
    else {
      const error = await tryOne(deps, command);
      if (error !== null) stuck.push({ command, error });
    }
  }
  return stuck;
}

/** Whether it must not be applied before the other one, which was asked for earlier in the same project. */
function follows(command: Command, other: Command): boolean {
  const { body } = command;
  const { body: earlier } = other;
  if (earlier.kind === 'activate') return needsProject.has(body.kind);
  return body.kind !== 'activate' && nameOf(command) === nameOf(other);
}

/** What can be done only once the project is there, or on the cluster. */
const needsProject: ReadonlySet<CommandBody['kind']> = new Set([
  'activate',
  'register',
  'startService',
]);

/** Of the model or service that it is about; null: the project. */
function nameOf({ id, body }: Command): string | null {
  switch (body.kind) {
    case 'activate':
      return null;
    case 'register':
      return body.spec.hfModelId;
    case 'startService':
      return id;
    case 'stopService':
      return body.serviceId;
    default:
      return body.hfModelId;
  }
}

/** @returns why it could not be applied: commands of other models must not wait for it */
async function tryOne(deps: ApplyCommandDeps, command: Command): Promise<Error | null> {
  try {
    await applyOne(deps, command, null);
    return null;
  } catch (err) {
    deps.log.warn({ err, commandId: command.id }, 'command not applied');
    return err instanceof Error ? err : new Error(String(err));
  }
}

/** What a cluster said to an activation. */
interface Asked {
  readonly refusal: CommandOutcome | null;
  readonly activation: Activation | null;
}

/** @param asked null: it is no activation */
export async function applyOne(
  deps: ApplyCommandDeps,
  command: Command,
  asked: Asked | null,
): Promise<void> {
  const now = deps.clock.now();
  const newModelId = deps.ids.uuid();
  const { id } = command;
  const applied = await deps.commands.apply(id, now, (context) =>
    asked?.refusal
      ? { outcome: asked.refusal, ...told(asked.activation) }
      : {
          ...decideCommand(context, { now, newModelId, defaultCluster: deps.defaultCluster }),
          ...told(asked?.activation ?? null),
        },
  );
  if (applied === null) return;
  const { outcome, body, traceId, project } = applied.command;
  deps.log.info(
    { commandId: id, kind: body.kind, project, ...ownerOf(applied), outcome, traceId },
    `command ${outcome?.status ?? 'applied'}`,
  );
  if (applied.modelId !== null) await nudgeModel(deps, applied.modelId, traceId);
  if (applied.serviceId !== null) await nudgeService(deps, applied.serviceId, traceId);
}

function ownerOf({ modelId, serviceId }: Pick<Job, 'modelId' | 'serviceId'>): object {
  return serviceId === null ? { modelId } : { serviceId };
}

function told(activation: Activation | null): { readonly activation?: Activation } {
  return activation === null ? {} : { activation };
}
