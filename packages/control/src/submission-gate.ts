import type { ClusterName } from '@wakefield/domain';
import { ClusterError } from './ports/cluster.ts';

/** A cluster is so slow with the submissions before that this one was not even tried. */
export class ClusterBusyError extends ClusterError {
  constructor() {
    super('unreachable', 'it has not answered other submissions for more than a second');
    this.name = 'ClusterBusyError';
  }
}

/**
 * Lets a few submissions to each cluster through at once. Each holds one of the places at which a process works on
 * models, for minutes when a controller hangs: without it, one such cluster would hold them all.
 */
export interface SubmissionGate {
  /**
   * Runs `submit` when it is its turn, which it waits for only while those before it are answered quickly.
   * @throws ClusterBusyError
   */
  pass<T>(cluster: ClusterName, signal: AbortSignal, submit: () => Promise<T>): Promise<T>;
}

const PATIENCE_MS = 1_000;

interface Line {
  /** When those that are under way began, by the monotonic clock; oldest first. */
  readonly beganAt: number[];
  readonly waiting: Set<() => void>;
}

/** @param atOnce submissions to one cluster */
export function createSubmissionGate(atOnce: number): SubmissionGate {
  const lines = new Map<ClusterName, Line>();
  const lineTo = (cluster: ClusterName): Line => {
    const line = lines.get(cluster) ?? { beganAt: [], waiting: new Set() };
    lines.set(cluster, line);
    return line;
  };
  return {
    pass: async (cluster, signal, submit) => {
      const line = lineTo(cluster);
      while (line.beganAt.length >= atOnce) {
        const patience = (line.beganAt[0] ?? 0) + PATIENCE_MS - performance.now();
        if (patience <= 0 || signal.aborted) throw new ClusterBusyError();
        await freed(line, patience);
      }
      const beganAt = performance.now();
      line.beganAt.push(beganAt);
      try {
        return await submit();
      } finally {
        line.beganAt.splice(line.beganAt.indexOf(beganAt), 1);
        const [first] = line.waiting;
        if (first !== undefined) line.waiting.delete(first);
        first?.();
      }
    },
  };
}

/** Resolves when one of those under way is done and it is this one's turn, or when the time is over. */
async function freed({ waiting }: Line, withinMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, withinMs);
  waiting.add(resolve);
  await promise;
  waiting.delete(resolve);
  clearTimeout(timer);
}
