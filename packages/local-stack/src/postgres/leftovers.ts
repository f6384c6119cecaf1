import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { endProcesses, isAlive, listProcesses } from '../process/process-table.ts';
import { SetupError } from '../setup-error.ts';

/**
 * Ends what an earlier run left behind on this data directory; the caller holds the lock on it, so nobody else
 * uses it rightfully. postmaster.pid is removed only when its process is somebody else's by now (a reused pid):
 * otherwise PostgreSQL needs it to see whether its old shared memory is still in use (pg_ctl(1), postgres(1)).
 */
export async function endLeftovers(data: string): Promise<void> {
  const ours = holders(data);
  const ended = await endProcesses(ours, [
    { signal: 'SIGINT', waitMs: 4000 },
    { signal: 'SIGQUIT', waitMs: 2000 },
    { signal: 'SIGKILL', waitMs: 2000 },
  ]);
  if (!ended)
    throw new SetupError(
      `An older PostgreSQL on ${data} cannot be ended (process ${ours.filter(isAlive).join(', ')}).`,
    );
  const pid = readPostmasterPid(data);
  if (pid !== null && isAlive(pid)) rmSync(join(data, 'postmaster.pid'), { force: true });
}

/** Server processes of this data directory: they all have it as working directory. */
function holders(data: string): readonly number[] {
  const postmaster = readPostmasterPid(data);
  return listProcesses()
    .filter(({ pid, command, workingDirectory }) => {
      if (!/\bpostgres\b/.test(command)) return false;
      return workingDirectory === data || (pid === postmaster && command.includes(data));
    })
    .map(({ pid }) => pid);
}

/** First line of postmaster.pid. */
function readPostmasterPid(data: string): number | null {
  try {
    const pid = Math.abs(Number.parseInt(readFileSync(join(data, 'postmaster.pid'), 'utf8'), 10));
    return Number.isNaN(pid) ? null : pid;
  } catch {
    return null;
  }
}
