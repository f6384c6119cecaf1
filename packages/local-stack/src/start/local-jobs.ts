import {
  type Escalation,
  endProcesses,
  hasEnvironment,
  listProcesses,
} from '../process/process-table.ts';

/** The runner of a job ends its job in order when it is told to end. */
const runner = /\/local\/runner\/main\.(ts|js)\b/;

const politely: Escalation = [{ signal: 'SIGTERM', waitMs: 3000 }];
const outright: Escalation = [{ signal: 'SIGKILL', waitMs: 1500 }];

/**
 * Ends the jobs of clusters of kind `local`, which outlive the scheduler by design: when everything ends, so do
 * they. Their records say that they were cancelled.
 * @param directories of those clusters
 */
export async function endLocalJobs(directories: readonly string[]): Promise<void> {
  await endProcesses(runnersIn(directories), politely);
  await endProcesses([...runnersIn(directories), ...jobProcessesIn(directories)], outright);
}

function runnersIn(directories: readonly string[]): readonly number[] {
  return listProcesses()
    .filter(({ command }) => runner.test(command) && mentions(command, directories))
    .map(({ pid }) => pid);
}

/** Marked by the runner, and at work in a job's directory. */
function jobProcessesIn(directories: readonly string[]): readonly number[] {
  return listProcesses()
    .filter(({ command, workingDirectory }) =>
      mentions(`${command} ${workingDirectory}`, directories),
    )
    .filter(({ pid }) => hasEnvironment(pid, 'WAKEFIELD_JOB'))
    .map(({ pid }) => pid);
}

function mentions(text: string, directories: readonly string[]): boolean {
  return directories.some((directory) => text.includes(`${directory}/`));
}
