import type { SlurmDaemonName } from '../slurm/launch.ts';
import { provideSlurmTools } from '../slurm/provide-tools.ts';
import type { SlurmDaemons } from '../slurm/slurm-daemons.ts';
import { type PrivateSlurm, startSlurm } from '../slurm/start-slurm.ts';
import { endProcessesOf } from '../slurm/strays.ts';
import type { DataPaths } from './data-directory.ts';
import { keepRunning } from './keep-running.ts';

/**
 * A silent node's jobs are killed after that. What is silent here is a daemon that is being started again, or a
 * machine with much else to do.
 */
const nodeTimeoutSeconds = 120;

/**
 * Boots the private SLURM of `--slurm`, with the jobs that it had when it was killed. Daemons that die are
 * started again until it is stopped.
 * @throws SetupError naming the packages when they are missing and cannot be had
 */
export async function bootSlurm(
  paths: DataPaths,
  note: (line: string) => void,
  log: (line: string) => void,
): Promise<PrivateSlurm> {
  const tools = await provideSlurmTools({ directory: paths.slurm, report: note });
  const slurm = await startSlurm({
    directory: paths.slurm,
    tools,
    keepState: true,
    slurmdTimeout: nodeTimeoutSeconds,
  });
  const leave = slurm.daemons.names().map((name) => keepDaemon(slurm.daemons, name, log));
  return {
    ...slurm,
    async stop(options) {
      await Promise.all(leave.map((one) => one()));
      await slurm.stop(options);
    },
  };
}

function keepDaemon(daemons: SlurmDaemons, name: SlurmDaemonName, log: (line: string) => void) {
  return keepRunning(
    {
      name,
      exited: () => daemons.exited(name),
      startAgain: () => daemons.start(name),
    },
    log,
  );
}

/** Jobs of a private SLURM that was killed, when this start does without one. */
export async function endOldSlurmJobs(paths: DataPaths): Promise<void> {
  await endProcessesOf(paths.slurm);
}
