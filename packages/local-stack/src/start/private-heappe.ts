import { join } from 'node:path';
import { type LocalHeappe, startHeappe } from '../heappe/start-heappe.ts';
import { endHeappeProcesses } from '../heappe/strays.ts';
import { SetupError } from '../setup-error.ts';
import { checkoutRoot } from './clusters-file.ts';
import type { DataPaths } from './data-directory.ts';
import { type SupervisedStore, superviseStore } from './supervised-store.ts';

/** Started again whenever it dies, on the same ports. */
export type PrivateHeappe = SupervisedStore<LocalHeappe>;

/**
 * Boots the HEAppE of `--heappe`, with the jobs that it had when it was killed.
 * @param version which release it is like; null: the newest
 * @param slurm what its clients of a private SLURM need, where that is its cluster; null: its jobs are processes
 * @throws SetupError with the remedy
 */
export async function bootHeappe(
  paths: DataPaths,
  version: string | null,
  slurm: Readonly<Record<string, string>> | null,
  log: (line: string) => void,
): Promise<PrivateHeappe> {
  // Ids of jobs mean something on their own cluster only.
  const directory = slurm === null ? paths.heappe : join(paths.slurm, 'heappe');
  // HEAppE's rule for storage paths, of which its commands are made.
  if (/[^\w\-/.~]/.test(directory))
    throw new SetupError(
      `HEAppE allows A-Z, a-z, 0-9 and _-/.~ in paths only, so not ${directory}. Set WAKEFIELD_DATA to such a one.`,
    );
  const script = join(checkoutRoot(), 'packages/heappe-server/src/main.ts');
  let ports: Pick<LocalHeappe, 'port' | 'controlPort'> | null = null;
  return superviseStore(
    'HEAppE',
    async () => {
      const heappe = await startHeappe({ directory, script, version, slurm, ...ports });
      ports = { port: heappe.port, controlPort: heappe.controlPort };
      return heappe;
    },
    log,
  );
}

/** Jobs of a HEAppE that was killed, when this start does without one. */
export async function endOldHeappeJobs(paths: DataPaths): Promise<void> {
  await endHeappeProcesses(paths.heappe);
}
