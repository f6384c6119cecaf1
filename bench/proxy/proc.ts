import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** Whether the system tells of processes what this file reads (proc(5)). */
export const hasProc = existsSync('/proc/self/stat');

/** A process and all that descend from it. */
export function processTree(root: number): readonly number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const parent = /^\d+$/.test(name) ? statOf(Number(name))[1] : undefined;
    if (parent === undefined) continue;
    children.set(Number(parent), [...(children.get(Number(parent)) ?? []), Number(name)]);
  }
  const all = [root];
  for (let at = 0; at < all.length; at += 1) all.push(...(children.get(all[at] ?? -1) ?? []));
  return all;
}

/** User and system time of processes so far, in microseconds. */
export function cpuMicrosOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + Math.max(ofThreads(pid), ofProcess(pid)), 0);
}

/**
 * To the nanosecond, of threads that live. What ended ones used is only in the figure of the whole process, and that in ticks of 10 ms:
 * so the larger of the two is the truth.
 */
function ofThreads(pid: number): number {
  const folder = `/proc/${pid}/task`;
  const threads = quietly(() => readdirSync(folder)) ?? [];
  const nanos = threads.map((thread) => {
    return Number(
      (quietly(() => readFileSync(`${folder}/${thread}/schedstat`, 'utf8')) ?? '0').split(' ')[0],
    );
  });
  return nanos.reduce((sum, one) => sum + one, 0) / 1000;
}

const microsPerTick = 10_000;

function ofProcess(pid: number): number {
  const fields = statOf(pid);
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * microsPerTick;
}

/** Resident memory of processes, in bytes. */
export function residentBytesOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const status = quietly(() => readFileSync(`/proc/${pid}/status`, 'utf8')) ?? '';
    return sum + Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) * 1024;
  }, 0);
}

/** From the state on, which stands behind the name: that may hold blanks. */
function statOf(pid: number): readonly string[] {
  const text = quietly(() => readFileSync(`/proc/${pid}/stat`, 'latin1')) ?? '';
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

function quietly<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
