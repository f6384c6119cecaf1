import type { ClusterName } from '@wakefield/domain';
import { ClusterError } from './ports/cluster.ts';

/** Slow is what takes no longer from one end of a submission to the next; ssh and sbatch take 2 s on a busy login node. */
const PATIENCE_MS = 5_000;

/** A cluster answers none of the submissions before, so that this one was not even tried. */
export class ClusterBusyError extends ClusterError {
  constructor() {
    super('unreachable', `it has not answered a submission for ${PATIENCE_MS / 1_000} seconds`);
    this.name = 'ClusterBusyError';
  }
}

/**
 * Lets a few submissions to each cluster through at once. Each holds one of the places at which a process works on
 * models, for minutes when a controller hangs: without it, one such cluster would hold them all.
 */
export interface SubmissionGate {
  /**
   * Runs `submit` when it is its turn: first come, first served. It waits for as long as it takes where a cluster is
   * slow, and not at all where it hangs: where those under way had a few seconds and none was done.
   * @throws ClusterBusyError
   */
  pass<T>(cluster: ClusterName, signal: AbortSignal, submit: () => Promise<T>): Promise<T>;
}

interface Line {
  underWay: number;
  /** By the monotonic clock: when the last one was done, or found a place free. */
  movedAt: number;
  /** Those who wait, first come first; each is told whether it is its turn or they are to give up. */
  readonly waiting: ((turn: boolean) => void)[];
  /** Ends the patience of those who wait. */
  timer: NodeJS.Timeout | null;
}

/** @param atOnce submissions to one cluster */
export function createSubmissionGate(atOnce: number): SubmissionGate {
  const lines = new Map<ClusterName, Line>();
  const lineTo = (cluster: ClusterName): Line => {
    const line = lines.get(cluster) ?? { underWay: 0, movedAt: 0, waiting: [], timer: null };
    lines.set(cluster, line);
    return line;
  };
  return {
    pass: async (cluster, signal, submit) => {
      const line = lineTo(cluster);
      if (line.underWay < atOnce) {
        line.movedAt = performance.now();
        line.underWay += 1;
      } else if (!(await turn(line, signal))) throw new ClusterBusyError();
      try {
        return await submit();
      } finally {
        leave(line);
      }
    },
  };
}

/** Whoever waits first takes the place: nobody who comes later can get in between. */
function leave(line: Line): void {
  line.movedAt = performance.now();
  const next = line.waiting.shift();
  if (next === undefined) line.underWay -= 1;
  else next(true);
  watch(line);
}

/** @returns whether the place of somebody who is done was handed on to this one */
async function turn(line: Line, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted || patienceLeft(line) <= 0) return false;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const giveUp = () => {
    const place = line.waiting.indexOf(resolve);
    if (place !== -1) line.waiting.splice(place, 1);
    watch(line);
    resolve(false);
  };
  line.waiting.push(resolve);
  watch(line);
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    return await promise;
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

/** Sends all away who wait when nothing moves for too long; as long as somebody waits. */
function watch(line: Line): void {
  if (line.timer !== null) clearTimeout(line.timer);
  line.timer = null;
  if (line.waiting.length === 0) return;
  line.timer = setTimeout(() => {
    if (patienceLeft(line) > 0) return watch(line);
    for (const tell of line.waiting.splice(0)) tell(false);
  }, patienceLeft(line));
}

function patienceLeft({ movedAt }: Line): number {
  return movedAt + PATIENCE_MS - performance.now();
}
