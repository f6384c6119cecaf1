import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const taskset = ['/usr/bin/taskset', '/bin/taskset'].find((path) => existsSync(path)) ?? null;

/** Whether processes can be tied to processors on this machine. */
export const canPin = taskset !== null;

/** What a process with very many connections wants; where this user may have less, it is as many as that. */
const wanted = 131_072;
const raise = `ulimit -n ${wanted} 2>/dev/null || ulimit -n "$(ulimit -Hn)"`;

/** Files that a process of the benchmark may have open at once. */
export function mostDescriptors(): number {
  const { stdout } = spawnSync('/bin/sh', ['-c', `${raise}; ulimit -n`], { encoding: 'utf8' });
  const found = Number(stdout.trim());
  return Number.isInteger(found) && found > 0 ? found : wanted;
}

/**
 * A command line that raises the limit of open files and keeps the process id of what it starts.
 * @param cpu processor to tie it to; null leaves that to the system
 */
export function pinned(cpu: number | null, command: readonly string[]): readonly string[] {
  const wide = ['/bin/sh', '-c', `${raise}; exec "$@"`, 'sh', ...command];
  return cpu === null || taskset === null ? wide : [taskset, '-c', String(cpu), ...wide];
}
