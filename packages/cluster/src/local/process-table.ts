import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** A process, told apart from a later one with the same pid. */
export interface ProcessId {
  readonly pid: number;
  /** When it started, in the system's own terms: never compared with anything but itself. */
  readonly start: string;
}

/** Name of the variable that every process of a job carries, with the job's name. */
export const jobMarker = 'WAKEFIELD_JOB';

const linux = process.platform === 'linux';

/** The process that has this pid now; null when there is none (or only its zombie). */
export function identify(pid: number): ProcessId | null {
  const start = linux ? linuxStart(pid) : psStart(pid);
  return start === null ? null : { pid, start };
}

export function isAlive(id: ProcessId): boolean {
  return identify(id.pid)?.start === id.start;
}

/** Alive, and not standing still (SIGSTOP), as it may do for ever. Elsewhere than on Linux nobody tells that. */
export function isAtWork(id: ProcessId): boolean {
  return isAlive(id) && !(linux && linuxStat(id.pid)?.state === 'T');
}

/**
 * Sends the signal if this very process is still there.
 * @returns whether it was
 */
export function signalProcess(id: ProcessId, signal: NodeJS.Signals): boolean {
  return isAlive(id) && send(id.pid, signal);
}

/** Sends a signal to every process of the job but ourselves. @returns how many there were */
export function signalJob(name: string, session: number | null, signal: NodeJS.Signals): number {
  return jobProcesses(name, session).filter((pid) => send(pid, signal)).length;
}

/**
 * Everything that belongs to a job: the members of its session, and whoever left the session but carries the
 * job's name in its environment (proc(5)). Elsewhere than on Linux: the session leader's descendants.
 */
export function jobProcesses(name: string, session: number | null): readonly number[] {
  const pids = linux ? linuxJobProcesses(name, session) : descendants(session);
  return pids.filter((pid) => pid !== process.pid);
}

function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}

interface Stat {
  readonly state: string;
  readonly session: number;
  readonly startTicks: string;
}

/** Fields of /proc/PID/stat; the command, in brackets, may hold anything. */
function linuxStat(pid: number): Stat | null {
  const text = readOrNull(`/proc/${pid}/stat`);
  if (text === null) return null;
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, session, startTicks] = [fields[0], fields[3], fields[19]];
  if (state === undefined || session === undefined || startTicks === undefined) return null;
  return { state, session: Number(session), startTicks };
}

/** Ticks since boot alone would come again after a reboot. */
function linuxStart(pid: number): string | null {
  const stat = linuxStat(pid);
  if (stat === null || stat.state === 'Z' || stat.state === 'X') return null;
  const boot = readOrNull('/proc/sys/kernel/random/boot_id')?.trim() ?? '';
  return `${boot}:${stat.startTicks}`;
}

function linuxJobProcesses(name: string, session: number | null): readonly number[] {
  const mark = `${jobMarker}=${name}`;
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => {
      const stat = linuxStat(pid);
      if (stat === null || stat.state === 'Z' || stat.state === 'X') return false;
      return stat.session === session || carries(pid, mark);
    });
}

function carries(pid: number, mark: string): boolean {
  return readOrNull(`/proc/${pid}/environ`)?.split('\0').includes(mark) ?? false;
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

function ps(...args: string[]): string {
  try {
    return execFileSync('ps', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return '';
  }
}

function psStart(pid: number): string | null {
  const line = ps('-o', 'stat=,lstart=', '-p', String(pid)).trim();
  return line === '' || line.startsWith('Z') ? null : line.replace(/^\S+\s+/, '');
}

function descendants(leader: number | null): readonly number[] {
  if (leader === null) return [];
  const rows = ps('-A', '-o', 'pid=,ppid=,pgid=')
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  const found = new Set([leader]);
  for (let before = 0; before !== found.size; ) {
    before = found.size;
    for (const [pid = 0, parent = 0, group = 0] of rows) {
      if (found.has(parent) || found.has(group)) found.add(pid);
    }
  }
  return [...found];
}
