import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { isAlive } from '../process/process-table.ts';

/** A process that can be told from a later one with the same number. */
export interface ProcessStamp {
  readonly pid: number;
  /** When it began, in the words of the system; empty when that cannot be had. */
  readonly began: string;
}

export function stampOf(pid: number): ProcessStamp {
  return { pid, began: beganAt(pid) };
}

/** Whether that very process still runs. */
export function isStillRunning(stamp: ProcessStamp): boolean {
  if (!isAlive(stamp.pid)) return false;
  return stamp.began === '' || beganAt(stamp.pid) === stamp.began;
}

/** Field 22 of proc(5) stat with the boot it counts from, elsewhere ps(1). */
function beganAt(pid: number): string {
  try {
    if (process.platform !== 'linux')
      return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${ticks}`;
  } catch {
    return '';
  }
}
