import { readFileSync } from 'node:fs';

/** When a process started, in clock ticks since boot; null when there is none, or only its remains (proc(5)). */
export function birthOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}

/** Sends a signal to a process, provided that it is still the one it was. @returns whether it was there */
export function signal(pid: number, birth: string | null, name: NodeJS.Signals): boolean {
  if (birth === null || birthOf(pid) !== birth) return false;
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false;
  }
}
