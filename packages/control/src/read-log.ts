import type { ClusterName, Job, JobId } from '@wakefield/domain';
import { type Clock, ClusterError, type Drivers } from './ports/cluster.ts';
import type { LogBoard, LogNews } from './ports/log-board.ts';
import type { Log } from './ports/observability.ts';
import type { JobStore } from './ports/stores.ts';

export interface ReadLogDeps {
  readonly jobs: Pick<JobStore, 'get'>;
  readonly drivers: Drivers;
  readonly logBoard: Pick<LogBoard, 'claim' | 'tell'>;
  readonly logTurns: LogTurns;
  readonly clock: Clock;
  readonly log: Log;
}

/** Bytes that are read of a log at once, from its end. */
const MOST_BYTES = 1 << 20;
/** Over waiting for a turn and the cluster's answer. */
const READ_WITHIN_MS = 20_000;
/** Whoever has told nothing by then is dead. */
const CLAIM_LIFE_MS = 25_000;
/** Nobody sees the difference to less. */
const LEAST_PAUSE_MS = 1_000;
/** A way that takes long is used for a fifth of the time. */
const PAUSE_PER_READ = 4;
const MOST_PAUSE_MS = 15_000;
/** There will be nothing new; read again before a board forgets it (60 s). */
const OVER_PAUSE_MS = 50_000;

/**
 * Reads once what is new in a job's log, for everybody who wants to see it, and puts it on the board. Nothing goes on by
 * itself: readers nudge for as long as they are there.
 */
export async function readLog(deps: ReadLogDeps, jobId: JobId, signal: AbortSignal): Promise<void> {
  const { clock, logBoard } = deps;
  const claim = await logBoard.claim(jobId, CLAIM_LIFE_MS);
  if (claim === null) return;
  const job = await deps.jobs.get(jobId);
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(READ_WITHIN_MS)]);
  const at = clock.now();
  const news =
    job === null ? { ...nothing, at, isOver: true } : await read(deps, job, claim.known, bounded);
  const pauseMs =
    news.isOver && news.failure === null ? OVER_PAUSE_MS : pauseAfter(clock.now() - at);
  await logBoard.tell(jobId, claim, news, pauseMs);
}

const nothing = { piece: null, isOver: false, failure: null };

function pauseAfter(tookMs: number): number {
  return Math.min(MOST_PAUSE_MS, Math.max(LEAST_PAUSE_MS, PAUSE_PER_READ * tookMs));
}

async function read(
  deps: ReadLogDeps,
  job: Job,
  known: number,
  signal: AbortSignal,
): Promise<LogNews> {
  const at = deps.clock.now();
  const { name, cluster, clusterJobId, phase } = job;
  const isOver = phase === 'ended';
  // It cannot have written anything. Of one that was requeued what is known stays so.
  if (clusterJobId === null || phase === 'queued') return { ...nothing, at, isOver };
  const driver = deps.drivers.get(cluster);
  if (driver === undefined)
    return {
      ...nothing,
      at,
      isOver,
      failure: `cluster ${cluster} is not in the configuration any more`,
    };
  try {
    const piece = await deps.logTurns.take(cluster, signal, () =>
      driver.readLog({ name, clusterJobId }, known, MOST_BYTES, signal),
    );
    return { at, isOver, piece, failure: null };
  } catch (err) {
    if (!(err instanceof ClusterError)) throw err;
    deps.log.info({ err, cluster, jobId: job.id }, 'log of a job not read');
    return { ...nothing, at, isOver, failure: `cluster ${cluster}: ${err.message}` };
  }
}

/**
 * Lets two reads of logs to a cluster through at once, first come, first served. Observations and submissions use the same
 * connection, which has eight sessions or so.
 */
export interface LogTurns {
  /** @throws ClusterError unreachable, when its turn has not come before the signal */
  take<T>(cluster: ClusterName, signal: AbortSignal, read: () => Promise<T>): Promise<T>;
}

const AT_ONCE = 2;

/** Turns of one process: each scheduler has its own connections. */
export function createLogTurns(): LogTurns {
  const lines = new Map<ClusterName, { underWay: number; readonly waiting: Set<() => void> }>();
  return {
    async take(cluster, signal, read) {
      const line = lines.get(cluster) ?? { underWay: 0, waiting: new Set() };
      lines.set(cluster, line);
      if (line.underWay >= AT_ONCE) await turn(line.waiting, signal);
      else line.underWay += 1;
      try {
        return await read();
      } finally {
        const [next] = line.waiting;
        if (next === undefined) line.underWay -= 1;
        else next();
      }
    },
  };
}

/** Resolves when somebody who is done hands on their place. */
async function turn(waiting: Set<() => void>, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const come = () => {
    waiting.delete(come);
    resolve();
  };
  const giveUp = () => {
    waiting.delete(come);
    reject(new ClusterError('unreachable', 'it is still busy with other logs'));
  };
  waiting.add(come);
  signal.addEventListener('abort', giveUp, { once: true });
  if (signal.aborted) giveUp();
  try {
    await promise;
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}
