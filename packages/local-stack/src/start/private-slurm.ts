import { join } from 'node:path';
import { canInstallPackages, installPackages, missingMessage } from '../debian/install-packages.ts';
import { endProcesses, listProcessesWithEnvironment } from '../process/process-table.ts';
import { SetupError } from '../setup-error.ts';
import { type PrivateSlurm, startSlurm } from '../slurm/start-slurm.ts';
import { installedTools, missingPackages, type SlurmTools } from '../slurm/tools.ts';
import type { DataPaths } from './data-directory.ts';

/**
 * Boots the private SLURM of `--slurm`, with the jobs that it had when it was killed.
 * @throws SetupError naming the packages when they are missing and cannot be had
 */
export async function bootSlurm(
  paths: DataPaths,
  note: (line: string) => void,
): Promise<PrivateSlurm> {
  const tools = (await installedTools()) ?? (await bringTools(note));
  return startSlurm({ directory: paths.slurm, tools, keepState: true });
}

async function bringTools(note: (line: string) => void): Promise<SlurmTools> {
  const missing = missingPackages();
  if (!canInstallPackages()) throw new SetupError(`--slurm: ${missingMessage(missing)}`);
  await installPackages(missing, note);
  const tools = await installedTools();
  if (tools === null)
    throw new SetupError(
      `--slurm: still missing after the installation: ${missingPackages().join(' ')}`,
    );
  return tools;
}

/** Jobs of a private SLURM that was killed, when this start does without one. */
export async function endOldSlurmJobs(paths: DataPaths): Promise<void> {
  const configuration = join(paths.slurm, 'etc/slurm.conf');
  const pids = listProcessesWithEnvironment('SLURM_CONF', configuration).map(({ pid }) => pid);
  await endProcesses(pids, [{ signal: 'SIGKILL', waitMs: 2000 }]);
}
