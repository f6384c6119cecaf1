import { provideSlurmTools } from '../slurm/provide-tools.ts';
import { type PrivateSlurm, startSlurm } from '../slurm/start-slurm.ts';
import { endProcessesOf } from '../slurm/strays.ts';
import type { DataPaths } from './data-directory.ts';

/**
 * Boots the private SLURM of `--slurm`, with the jobs that it had when it was killed.
 * @throws SetupError naming the packages when they are missing and cannot be had
 */
export async function bootSlurm(
  paths: DataPaths,
  note: (line: string) => void,
): Promise<PrivateSlurm> {
  const tools = await provideSlurmTools({ directory: paths.slurm, report: note });
  return startSlurm({ directory: paths.slurm, tools, keepState: true });
}

/** Jobs of a private SLURM that was killed, when this start does without one. */
export async function endOldSlurmJobs(paths: DataPaths): Promise<void> {
  await endProcessesOf(paths.slurm);
}
