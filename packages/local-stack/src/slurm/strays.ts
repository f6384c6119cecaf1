import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { pollTrue } from '../process/poll.ts';
import {
  endProcesses,
  listProcesses,
  listProcessesWithEnvironment,
} from '../process/process-table.ts';
import { aliasOf, clusterName } from './layout.ts';
import { namedDescendants } from './named-descendants.ts';

/**
 * Every process of a private SLURM, its daemons included: batch scripts, their children, slurmstepd. Up to 22.05
 * they all have SLURM_CONF; 24.11 gives it to no job and overwrites slurmstepd's environment with its title, so
 * they are also known by the cluster's name, by where slurmstepd stands, and by descent.
 * @param directory as startSlurm was told
 */
export function processesOf(directory: string): readonly number[] {
  const stepds = listProcesses().filter(
    ({ command, workingDirectory }) =>
      command.startsWith('slurmstepd:') && isWithin(workingDirectory, directory),
  );
  const roots = [
    ...[directory, aliasOf(directory)].flatMap((parent) =>
      listProcessesWithEnvironment('SLURM_CONF', join(parent, 'etc/slurm.conf')),
    ),
    ...listProcessesWithEnvironment('SLURM_CLUSTER_NAME', clusterName(directory)),
    ...stepds,
  ].map(({ pid }) => pid);
  const all = new Set([...roots, ...roots.flatMap((pid) => namedDescendants(pid, ''))]);
  all.delete(process.pid);
  return [...all];
}

/** Kills what {@link processesOf} finds until nothing is left. */
export async function endProcessesOf(directory: string): Promise<void> {
  // A killed batch script may have just started a child: look until nothing is left.
  await pollTrue({ timeoutMs: 5000, everyMs: 20 }, async () => {
    const found = processesOf(directory);
    await endProcesses(found, [{ signal: 'SIGKILL', waitMs: 1000 }]);
    return found.length === 0;
  });
}

/** The kernel adds ` (deleted)` to the name of a directory that was removed. */
function isWithin(path: string, directory: string): boolean {
  const real = realOrSame(directory);
  return path === real || path.startsWith(`${real}/`) || path.startsWith(`${real} (deleted)`);
}

function realOrSame(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
