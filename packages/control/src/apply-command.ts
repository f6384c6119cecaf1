import { setTimeout as pause } from 'node:timers/promises';
import {
  type Activation,
  type ClusterName,
  type Command,
  type CommandBody,
  type CommandId,
  decideCommand,
} from '@wakefield/domain';
import { activateOnCluster } from './activate-on-cluster.ts';
import { nudgeModel } from './nudge-model.ts';
import type { Clock, Drivers, Ids } from './ports/cluster.ts';
import type { Nudges, RouteBus } from './ports/messaging.ts';
import type { CommandStore, RouteStore } from './ports/stores.ts';
import { publishRoutes } from './publish-routes.ts';
import { LEASE_RETRY_MS, type WithLeaseDeps, withLease } from './with-lease.ts';

export interface ApplyCommandDeps extends WithLeaseDeps {
  readonly commands: Pick<CommandStore, 'get' | 'apply' | 'listUnfinishedBefore'>;
  readonly routes: Pick<RouteStore, 'revision'>;
  readonly routeBus: Pick<RouteBus, 'publish'>;
  readonly drivers: Drivers;
  /** Used when an activation names none. */
  readonly defaultCluster: ClusterName | null;
  readonly nudges: Pick<Nudges, 'model'>;
  readonly clock: Clock;
  readonly ids: Pick<Ids, 'uuid'>;
}

/** More than a project has under way at once. */
const EARLIER_AT_MOST = 100;

/**
 * Applies one accepted command to the desired state. Safe to run twice, and by two processes at once.
 *
 * What the project asked for earlier comes first: its delivery may have been lost or overtaken, and a late
 * `sleep` must not undo the `wake` that followed it. For the same reason a command waits for the next sweep when one
 * that it follows cannot be applied now, or when there are more before it than are looked at.
 * @throws what kept an earlier command, on which this one depends, from being applied
 */
export async function applyCommand(
  deps: ApplyCommandDeps,
  id: CommandId,
  signal: AbortSignal,
): Promise<void> {
  const command = await deps.commands.get(id);
  if (command === null || command.outcome !== null) return;
  const earlier = await deps.commands.listUnfinishedBefore(command, EARLIER_AT_MOST);
  const all = earlier.length < EARLIER_AT_MOST ? [...earlier, command] : earlier;
  const stuck: Stuck[] = [];
  for (const next of all) {
    const before = stuck.find((other) => follows(next, other.command));
    const error = before === undefined ? await tryOne(deps, next, signal) : before.error;
    if (error !== null) stuck.push({ command: next, error });
  }
  if (earlier.length > 0 || stuck.length === 0) await publishRoutes(deps);
  const own = stuck.find((other) => other.command === command);
  if (own !== undefined) throw own.error;
}

interface Stuck {
  readonly command: Command;
  readonly error: Error;
}

/** Whether it must not be applied before the other one, which was asked for earlier in the same project. */
function follows({ body }: Command, { body: earlier }: Command): boolean {
  if (earlier.kind === 'activate') return body.kind === 'activate' || body.kind === 'register';
  return body.kind !== 'activate' && nameOf(body) === nameOf(earlier);
}

function nameOf(body: Exclude<CommandBody, { readonly kind: 'activate' }>): string {
  return body.kind === 'register' ? body.spec.hfModelId : body.hfModelId;
}

/** @returns why it could not be applied: commands of other models must not wait for it */
async function tryOne(
  deps: ApplyCommandDeps,
  command: Command,
  signal: AbortSignal,
): Promise<Error | null> {
  try {
    if (command.body.kind === 'activate') await applyAlone(deps, command, signal);
    else await applyOne(deps, command, signal);
    return null;
  } catch (err) {
    deps.log.warn({ err, commandId: command.id }, 'command not applied');
    return err instanceof Error ? err : new Error(String(err));
  }
}

/**
 * A cluster finds out what is missing and makes it, which two must not do at once: they would make it twice. Whoever comes
 * second finds the command applied.
 */
async function applyAlone(
  deps: ApplyCommandDeps,
  { id, project }: Command,
  signal: AbortSignal,
): Promise<void> {
  let settled = false;
  const work = async (_: unknown, inner: AbortSignal) => {
    const command = await deps.commands.get(id);
    if (command !== null && command.outcome === null) await applyOne(deps, command, inner);
    settled = true;
  };
  while (!(await withLease(deps, `activate:${project}`, signal, work)))
    await pause(LEASE_RETRY_MS, undefined, { signal });
  if (!settled) throw new Error(`another process activates ${project}`);
}

async function applyOne(
  deps: ApplyCommandDeps,
  command: Command,
  signal: AbortSignal,
): Promise<void> {
  // The cluster is asked before the transaction: nothing waits for a network between BEGIN and COMMIT.
  const asked = command.body.kind === 'activate' ? await activate(deps, command, signal) : null;
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
    { commandId: id, kind: body.kind, project, modelId: applied.modelId, outcome, traceId },
    'command applied',
  );
  if (applied.modelId === null) return;
  await nudgeModel(deps, applied.modelId, traceId);
}

function activate(deps: ApplyCommandDeps, { body, project }: Command, signal: AbortSignal) {
  const named = body.kind === 'activate' ? body.cluster : null;
  return activateOnCluster(deps, { project, cluster: named ?? deps.defaultCluster }, signal);
}

function told(activation: Activation | null): { readonly activation?: Activation } {
  return activation === null ? {} : { activation };
}
