import { pollTrue } from '../process/poll.ts';
import { endProcesses, hasEnvironment, listProcesses } from '../process/process-table.ts';

const server = /\/heappe-server\/src\/main\.ts\b/;

/** Kills the HEAppE of a directory and its jobs, until nothing is left. */
export async function endHeappeProcesses(directory: string): Promise<void> {
  // What is killed may have just started a child: look until nothing is left.
  await pollTrue({ timeoutMs: 3000, everyMs: 20 }, async () => {
    const found = processesOf(directory);
    await endProcesses(found, [{ signal: 'SIGKILL', waitMs: 1000 }]);
    return found.length === 0;
  });
}

/** Not whoever merely reads a log there: jobs have what SLURM would tell them, and stand in their directories. */
function processesOf(directory: string): readonly number[] {
  return listProcesses()
    .filter(({ command, workingDirectory }) =>
      `${command}/ ${workingDirectory}/`.includes(`${directory}/`),
    )
    .filter(({ pid, command }) => server.test(command) || hasEnvironment(pid, 'SLURM_JOB_ID'))
    .map(({ pid }) => pid);
}
