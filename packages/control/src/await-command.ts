import { setTimeout as wait } from 'node:timers/promises';
import type { Command, CommandId } from '@wakefield/domain';
import type { CommandStore } from './ports/stores.ts';

const FIRST_POLL_MS = 5;
const LONGEST_POLL_MS = 100;

/**
 * Waits until the command is finished, at most `waitMs`.
 * @returns the command as it stands then; null when there is no such command
 */
export async function awaitCommand(
  commands: Pick<CommandStore, 'get'>,
  id: CommandId,
  waitMs: number,
): Promise<Command | null> {
  const deadline = performance.now() + waitMs;
  for (let pause = FIRST_POLL_MS; ; pause = Math.min(pause * 1.6, LONGEST_POLL_MS)) {
    const command = await commands.get(id);
    if (command === null || command.outcome !== null) return command;
    const left = deadline - performance.now();
    if (left <= 0) return command;
    await wait(Math.min(pause, left));
  }
}
