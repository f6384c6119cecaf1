import type { CommandBody, ProjectName } from '@wakefield/domain';
import type { Clock, Ids } from './ports/cluster.ts';
import type { Nudges } from './ports/messaging.ts';
import type { Log } from './ports/observability.ts';
import type { CommandInsertion, CommandStore } from './ports/stores.ts';

export interface SubmitCommandDeps {
  readonly commands: Pick<CommandStore, 'insert'>;
  readonly nudges: Pick<Nudges, 'command'>;
  readonly clock: Clock;
  readonly ids: Pick<Ids, 'uuid'>;
  readonly log: Log;
}

export interface SubmitCommandInput {
  readonly project: ProjectName;
  readonly body: CommandBody;
  /** Principal id. */
  readonly by: string;
  readonly traceId: string;
  readonly idempotencyKey: string | null;
  /** As in `NewCommand`. */
  readonly asked?: unknown;
}

/**
 * Accepts a wish: first the row, then its id on the queue. A lost delivery is no failure, because the
 * sweep finds accepted rows.
 * @throws AppError `store_unavailable` when the row could not be written; nothing was accepted then
 */
export async function submitCommand(
  deps: SubmitCommandDeps,
  input: SubmitCommandInput,
): Promise<CommandInsertion> {
  const insertion = await deps.commands.insert({
    ...input,
    id: deps.ids.uuid(),
    acceptedAt: deps.clock.now(),
  });
  if (insertion.kind === 'inserted') {
    const { id } = insertion.command;
    await deps.nudges
      .command(id)
      .catch((err: unknown) => deps.log.warn({ err, commandId: id }, 'command not enqueued'));
  }
  return insertion;
}
