import {
  type ClusterName,
  type Command,
  type CommandId,
  type CommandOutcome,
  decideCommand,
  type ErrorCode,
} from '@wakefield/domain';
import { type Clock, ClusterError, type Drivers, type Ids } from './ports/cluster.ts';
import type { Nudges, RouteBus } from './ports/messaging.ts';
import type { Log } from './ports/observability.ts';
import type { CommandStore, RouteStore } from './ports/stores.ts';
import { publishRoutes } from './publish-routes.ts';

export interface ApplyCommandDeps {
  readonly commands: Pick<CommandStore, 'get' | 'apply' | 'listUnfinishedBefore'>;
  readonly routes: Pick<RouteStore, 'revision'>;
  readonly routeBus: Pick<RouteBus, 'publish'>;
  readonly drivers: Drivers;
  /** Used when an activation names none. */
  readonly defaultCluster: ClusterName | null;
  readonly nudges: Pick<Nudges, 'model'>;
  readonly clock: Clock;
  readonly ids: Pick<Ids, 'uuid'>;
  readonly log: Log;
}

/** More than a project has under way at once; what is left over is found by the sweep. */
const EARLIER_AT_MOST = 100;

/**
 * Applies one accepted command to the desired state. Safe to run twice, and by two processes at once.
 *
 * What the project asked for earlier comes first: its delivery may have been lost or overtaken, and a late
 * `sleep` must not undo the `wake` that followed it.
 */
export async function applyCommand(
  deps: ApplyCommandDeps,
  id: CommandId,
  signal: AbortSignal,
): Promise<void> {
  const command = await deps.commands.get(id);
  if (command === null || command.outcome !== null) return;
  for (const earlier of await deps.commands.listUnfinishedBefore(command, EARLIER_AT_MOST)) {
    // One that cannot be applied must not hold up all that follow.
    await applyOne(deps, earlier, signal).catch((err: unknown) =>
      deps.log.error({ err, commandId: earlier.id }, 'earlier command not applied'),
    );
  }
  await applyOne(deps, command, signal);
  await publishRoutes(deps);
}

async function applyOne(
  deps: ApplyCommandDeps,
  command: Command,
  signal: AbortSignal,
): Promise<void> {
  // The cluster is asked before the transaction: nothing waits for a network between BEGIN and COMMIT.
  const refusal = await askCluster(deps, command, signal);
  const now = deps.clock.now();
  const newModelId = deps.ids.uuid();
  const { id } = command;
  const applied = await deps.commands.apply(id, now, (context) =>
    refusal === null
      ? decideCommand(context, { now, newModelId, defaultCluster: deps.defaultCluster })
      : { outcome: refusal },
  );
  if (applied === null) return;
  const { outcome, body, traceId, project } = applied.command;
  deps.log.info(
    { commandId: id, kind: body.kind, project, modelId: applied.modelId, outcome, traceId },
    'command applied',
  );
  if (applied.modelId === null) return;
  await deps.nudges
    .model(applied.modelId, traceId)
    .catch((err: unknown) => deps.log.warn({ err, modelId: applied.modelId }, 'model not nudged'));
}

/** An activation is only good for a cluster that would take a job of the project. */
async function askCluster(
  deps: ApplyCommandDeps,
  { body, project }: Command,
  signal: AbortSignal,
): Promise<CommandOutcome | null> {
  if (body.kind !== 'activate') return null;
  const name = body.cluster ?? deps.defaultCluster;
  const driver = name === null ? undefined : deps.drivers.get(name);
  if (driver === undefined) {
    return rejected(
      'cluster_not_found',
      `There is no cluster "${name ?? ''}" in the configuration.`,
    );
  }
  try {
    await driver.accepts(project, signal);
    return null;
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    if (error.kind === 'no_room') return null;
    return error.kind === 'refused'
      ? rejected(
          'cluster_refused',
          `Cluster ${driver.name} would not take a job of ${project}: ${error.message}`,
        )
      : rejected(
          'cluster_unreachable',
          `Cluster ${driver.name} could not be asked: ${error.message}`,
        );
  }
}

function rejected(code: ErrorCode, message: string): CommandOutcome {
  return {
    status: 'rejected',
    code,
    message,
    param: code === 'cluster_unreachable' ? null : 'cluster',
  };
}
