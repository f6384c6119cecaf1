import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { pollTrue } from './poll.ts';

/** A process of this machine; what may not be read of it is empty. */
export interface ProcessEntry {
  readonly pid: number;
  readonly command: string;
  readonly workingDirectory: string;
}

/** Alive and not merely waiting to be reaped. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return !isZombie(pid);
}

/** Nobody reaps orphans in a container without an init: such a process is over all the same. */
function isZombie(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) === 'Z';
  } catch {
    return false;
  }
}

/** Everything that runs here, other than this process. */
export function listProcesses(): readonly ProcessEntry[] {
  return process.platform === 'linux' ? listFromProc() : listFromPs();
}

function listFromProc(): readonly ProcessEntry[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((name) => ({
      pid: Number(name),
      command: quietly(() =>
        readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim(),
      ),
      workingDirectory: quietly(() => readlinkSync(`/proc/${name}/cwd`)),
    }))
    .filter((entry) => entry.command !== '' && !isZombie(entry.pid));
}

function listFromPs(): readonly ProcessEntry[] {
  const lines = quietly(() => execFileSync('ps', ['-axo', 'pid=,command='], { encoding: 'utf8' }));
  return lines.split('\n').flatMap((line) => {
    const match = /^\s*(\d+)\s+(.*)$/.exec(line);
    const pid = Number(match?.[1]);
    return match === null || pid === process.pid
      ? []
      : [{ pid, command: match[2] ?? '', workingDirectory: '' }];
  });
}

/** Processes whose environment holds `name=value`; Linux only, elsewhere none are found. */
export function listProcessesWithEnvironment(name: string, value: string): readonly ProcessEntry[] {
  return listProcesses().filter(({ pid }) => environmentText(pid).includes(`\0${name}=${value}\0`));
}

/** Whether the process was started with that variable, whatever its value. Linux only. */
export function hasEnvironment(pid: number, name: string): boolean {
  return environmentText(pid).includes(`\0${name}=`);
}

function environmentText(pid: number): string {
  return `\0${quietly(() => readFileSync(`/proc/${pid}/environ`, 'utf8'))}\0`;
}

/** Processes that have to do with a path: in their arguments, their environment or as working directory. */
export function listProcessesAround(path: string): readonly ProcessEntry[] {
  return listProcesses().filter(
    ({ pid, command, workingDirectory }) =>
      command.includes(path) ||
      workingDirectory.startsWith(path) ||
      environmentText(pid).includes(path),
  );
}

function quietly(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}

/** Sends a signal to a process, or with a negative number to its group; one that is gone is no error. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** How to end something: ask with a signal, wait so long, then the next. */
export type Escalation = readonly { readonly signal: NodeJS.Signals; readonly waitMs: number }[];

/** @returns whether all of them are gone */
export async function endProcesses(
  pids: readonly number[],
  escalation: Escalation,
): Promise<boolean> {
  for (const { signal, waitMs } of escalation) {
    for (const pid of pids) if (isAlive(pid)) sendSignal(pid, signal);
    const gone = await pollTrue({ timeoutMs: waitMs, everyMs: 20 }, () => !pids.some(isAlive));
    if (gone) return true;
  }
  return !pids.some(isAlive);
}
