import { setTimeout as pause } from 'node:timers/promises';
import type { Command, CommandId, ProjectName } from '@wakefield/domain';
import { activateOnCluster } from './activate-on-cluster.ts';
import { type ApplyCommandDeps, applyOne, EARLIER_AT_MOST } from './apply-command.ts';
import type { Drivers } from './ports/cluster.ts';
import type { Nudges } from './ports/messaging.ts';
import type { CommandStore } from './ports/stores.ts';
import { publishRoutes } from './publish-routes.ts';
import { LEASE_RETRY_MS, type WithLeaseDeps, withLease } from './with-lease.ts';

export interface ApplyActivationDeps extends ApplyCommandDeps, WithLeaseDeps {
  readonly commands: ApplyCommandDeps['commands'] & Pick<CommandStore, 'listForProject'>;
  readonly nudges: ApplyCommandDeps['nudges'] & Pick<Nudges, 'command'>;
  readonly drivers: Drivers;
}

/** What a cluster may take: some ten calls over HTTP, of which some are commands over ssh. */
const ACTIVATE_WITHIN_MS = 180_000;

/**
 * Applies one accepted activation, after those that the project asked for earlier. Safe to run twice, and by two
 * processes at once. When the run has to end it is left as it is, for the next delivery; a cluster that takes
 * longer than `withinMs` has refused it.
 * @throws what kept it, or one before it, from being applied
 */
export async function applyActivation(
  deps: ApplyActivationDeps,
  id: CommandId,
  signal: AbortSignal,
  withinMs = ACTIVATE_WITHIN_MS,
): Promise<void> {
  const command = await deps.commands.get(id);
  if (command === null || command.outcome !== null || command.body.kind !== 'activate') return;
  const earlier = await deps.commands.listUnfinishedBefore(command, EARLIER_AT_MOST);
  const all = earlier.length < EARLIER_AT_MOST ? [...earlier, command] : earlier;
  for (const next of all.filter(({ body }) => body.kind === 'activate'))
    await applyAlone(deps, next, signal, withinMs);
  await publishRoutes(deps);
  await nudgeFollowers(deps, command.project);
}

/** What has waited for it need not wait for the sweep, which finds whatever is missed here. */
async function nudgeFollowers(
  { commands, nudges, log }: ApplyActivationDeps,
  project: ProjectName,
): Promise<void> {
  try {
    const newest = await commands.listForProject(project, { limit: EARLIER_AT_MOST, after: null });
    const waiting = newest.filter(
      ({ body, outcome }) => outcome === null && body.kind !== 'activate',
    );
    for (const { id, traceId } of waiting.toReversed()) await nudges.command(id, traceId);
  } catch (err) {
    log.warn({ err, project }, 'commands behind an activation not nudged');
  }
}

/**
 * A cluster finds out what is missing and makes it, which two must not do at once: they would make it twice. Whoever comes
 * second finds the command applied.
 */
async function applyAlone(
  deps: ApplyActivationDeps,
  { id, project }: Command,
  signal: AbortSignal,
  withinMs: number,
): Promise<void> {
  let settled = false;
  const work = async (_: unknown, inner: AbortSignal) => {
    const command = await deps.commands.get(id);
    // The cluster is asked before the transaction: nothing waits for a network between BEGIN and COMMIT.
    if (command !== null && command.outcome === null)
      await applyOne(deps, command, await ask(deps, command, inner, withinMs));
    settled = true;
  };
  while (!(await withLease(deps, `activate:${project}`, signal, work)))
    await pause(LEASE_RETRY_MS, undefined, { signal });
  if (!settled) throw new Error(`another process activates ${project}`);
}

async function ask(
  deps: ApplyActivationDeps,
  { body, project }: Command,
  signal: AbortSignal,
  withinMs: number,
) {
  const named = body.kind === 'activate' ? body.cluster : null;
  const asked = await activateOnCluster(
    deps,
    { project, cluster: named ?? deps.defaultCluster },
    AbortSignal.any([signal, AbortSignal.timeout(withinMs)]),
  );
  // Somebody else's wish that it ends, and no word of the cluster's.
  if (asked.refusal !== null) signal.throwIfAborted();
  return asked;
}
