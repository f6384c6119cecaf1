import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { canPin } from '../child/pinned.ts';

/** Where processes of the benchmark run, by number of processor; null: wherever the system likes. */
export interface Cores {
  /** What is measured. */
  readonly candidate: number | null;
  readonly engine: number | null;
  readonly load: number | null;
}

/**
 * One core for what is measured, another for engine and load generator, or one each where there are three.
 * @param processors that may be used
 * @param siblingsOf processors that share a core with this one, itself included: half a core is not a core
 */
export function chooseCores(
  processors: readonly number[],
  siblingsOf: (processor: number) => readonly number[],
): Cores {
  const whole = processors.filter((one) => {
    const [first] = siblingsOf(one).filter((sibling) => processors.includes(sibling));
    return first === undefined || first === one;
  });
  const [candidate, other, third] = whole.length >= 2 ? whole : processors;
  if (candidate === undefined || other === undefined)
    return { candidate: null, engine: null, load: null };
  return { candidate, engine: other, load: third ?? other };
}

/** `0-3,8` → 0, 1, 2, 3, 8 (cpuset(7), list format) */
export function parseList(text: string): readonly number[] {
  return text
    .trim()
    .split(',')
    .filter((part) => part !== '')
    .flatMap((part) => {
      const [from = 0, to = from] = part.split('-').map(Number);
      return Array.from({ length: to - from + 1 }, (_, index) => from + index);
    });
}

/** What this machine has to choose from. */
export function coresHere(): Cores {
  const nowhere = { candidate: null, engine: null, load: null };
  if (!canPin) return nowhere;
  try {
    const status = readFileSync('/proc/self/status', 'utf8');
    const allowed = parseList(/^Cpus_allowed_list:\s*(\S+)/m.exec(status)?.[1] ?? '');
    return chooseCores(allowed, (cpu) => {
      const file = `/sys/devices/system/cpu/cpu${cpu}/topology/thread_siblings_list`;
      return parseList(readFileSync(file, 'utf8'));
    });
  } catch {
    return availableParallelism() < 2 ? nowhere : { candidate: 0, engine: 1, load: 1 };
  }
}
