import { lstatSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { endProcesses, isAlive, listProcessesAround } from '@wakefield/local-stack';

/** Directories of runs begin so; the number of the process follows. */
export const scratchPrefix = 'wakefield-test-';

/**
 * Processes and directories of runs that could not end anything themselves.
 * @param parent where runs make their directories
 * @param uid whose are swept; another user's are his own business, and not ours to end
 */
export async function sweepRemains(parent: string, uid = process.getuid?.()): Promise<void> {
  for (const name of readdirSync(parent)) {
    const pid = Number(new RegExp(`^${scratchPrefix}(\\d+)-`).exec(name)?.[1]);
    if (Number.isNaN(pid) || isAlive(pid)) continue;
    const directory = join(parent, name);
    if (!isDirectoryOf(directory, uid)) continue;
    await endAround(directory);
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Kills whatever has to do with a directory. */
export async function endAround(directory: string): Promise<void> {
  const pids = listProcessesAround(`${directory}/`).map(({ pid }) => pid);
  await endProcesses(pids, [{ signal: 'SIGKILL', waitMs: 3000 }]);
}

function isDirectoryOf(path: string, uid: number | undefined): boolean {
  // The name can be anybody's link to anywhere.
  const entry = lstatSync(path, { throwIfNoEntry: false });
  return entry?.isDirectory() === true && (uid === undefined || entry.uid === uid);
}
