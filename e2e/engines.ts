import { listProcessesAround } from '@wakefield/local-stack';

/** Processes that serve a model, oldest first, whatever anybody has written down. */
export function enginesOf(directory: string, model: string): readonly RunningProcess[] {
  return enginesIn(listProcessesAround(directory), model);
}

export type RunningProcess = Pick<
  ReturnType<typeof listProcessesAround>[number],
  'pid' | 'command'
>;

export function enginesIn(
  processes: readonly RunningProcess[],
  model: string,
): readonly RunningProcess[] {
  return processes
    .filter(({ command }) => new RegExp(`/simulator/\\S+ .*--model=${model} `).test(command))
    .toSorted((a, b) => a.pid - b.pid);
}

/** Names of the jobs for which these processes serve. */
export function jobNamesOf(directory: string, pids: readonly number[]): readonly string[] {
  return listProcessesAround(directory)
    .filter(({ pid }) => pids.includes(pid))
    .flatMap(({ command }) => /--model=__job_(\S+)/.exec(command)?.[1] ?? []);
}
