import type { DemandBoard, ProxyDemand } from '@wakefield/control';
import type { DurationMs, EpochMs, JobId, ModelDemand, ModelId } from '@wakefield/domain';
import type { Logger } from '@wakefield/runtime';
import type { Clock } from './clock.ts';

interface Counts {
  running: number;
  held: number;
  /** Those that wait for a place at an engine: to everybody else they run, as if they waited in the engine itself. */
  queued: number;
  /** Of running and held ones together, up to `averagedAt` of the clock that never goes back. */
  average: number;
  /** The highest average of this span of time, and of the one before. */
  peak: number;
  peakBefore: number;
  spanFrom: EpochMs;
  averagedAt: DurationMs;
  lastRequestAt: EpochMs;
  readonly jobs: Map<JobId, number>;
}

/** What was longer ago than this hardly counts in an average. */
const AVERAGED_OVER_MS = 10_000;
/** A peak is told for one to two of these: a scheduler looks every fifteen seconds, and misses none. */
const PEAK_SPAN_MS = 20_000;

/** What this proxy counts itself: running and held requests. Memory only. */
export interface DemandBook {
  /** A request was sent to an engine. */
  begin(modelId: ModelId, jobId: JobId): void;
  /** It is over, however. */
  end(modelId: ModelId, jobId: JobId): void;
  hold(modelId: ModelId): void;
  release(modelId: ModelId): void;
  /** One waits for a place, as its engines are full. */
  queue(modelId: ModelId): void;
  unqueue(modelId: ModelId): void;
  queued(modelId: ModelId): number;
  /** Of all models. */
  readonly allQueued: number;
  /** A request came and was answered at once. */
  touch(modelId: ModelId): void;
  runningOn(jobId: JobId): number;
  /** Requests that run now, of all models. */
  readonly running: number;
  snapshot(): ProxyDemand;
  /** Forgets models that are no longer routed to and have nothing to do. */
  prune(known: (modelId: ModelId) => boolean): void;
}

/**
 * @param onEdge called when a model's running or held count rises from zero: worth telling at once
 * @param onFreed called when a request is over of a model for whose places others wait
 */
export function createDemandBook(
  { now, elapsed }: Clock,
  onEdge: () => void,
  onFreed: (modelId: ModelId) => void = () => undefined,
): DemandBook {
  const models = new Map<ModelId, Counts>();
  const jobs = new Map<JobId, number>();
  let running = 0;
  let allQueued = 0;

  const counts = (modelId: ModelId): Counts => {
    let entry = models.get(modelId);
    const at = elapsed();
    if (entry === undefined) {
      entry = {
        running: 0,
        held: 0,
        queued: 0,
        average: 0,
        peak: 0,
        peakBefore: 0,
        spanFrom: at,
        averagedAt: at,
        lastRequestAt: 0,
        jobs: new Map(),
      };
      models.set(modelId, entry);
    }
    averageUntil(entry, at);
    entry.lastRequestAt = now();
    return entry;
  };

  return {
    begin: (modelId, jobId) => {
      const entry = counts(modelId);
      add(entry.jobs, jobId, 1);
      add(jobs, jobId, 1);
      running += 1;
      if (++entry.running === 1) onEdge();
    },
    end: (modelId, jobId) => {
      const entry = counts(modelId);
      entry.running -= 1;
      running -= 1;
      add(entry.jobs, jobId, -1);
      add(jobs, jobId, -1);
      if (entry.queued > 0) onFreed(modelId);
    },
    hold: (modelId) => {
      if (++counts(modelId).held === 1) onEdge();
    },
    release: (modelId) => {
      counts(modelId).held -= 1;
    },
    queue: (modelId) => {
      counts(modelId).queued += 1;
      allQueued += 1;
    },
    unqueue: (modelId) => {
      counts(modelId).queued -= 1;
      allQueued -= 1;
    },
    get allQueued() {
      return allQueued;
    },
    queued: (modelId) => models.get(modelId)?.queued ?? 0,
    touch: (modelId) => {
      counts(modelId);
    },
    runningOn: (jobId) => jobs.get(jobId) ?? 0,
    get running() {
      return running;
    },
    snapshot: () => {
      const at = elapsed();
      return { models: new Map([...models].map(([id, entry]) => [id, demandOf(entry, at)])) };
    },
    prune: (known) => {
      for (const [modelId, entry] of models) {
        const { running, held, queued } = entry;
        if (running + held + queued === 0 && !known(modelId)) models.delete(modelId);
      }
    },
  };
}

function demandOf(entry: Counts, at: DurationMs): ModelDemand {
  averageUntil(entry, at);
  const { held, average, lastRequestAt, jobs } = entry;
  const running = entry.running + entry.queued;
  const peak = Math.max(entry.peak, entry.peakBefore);
  return { running, held, average, peak, lastRequestAt, runningByJob: Object.fromEntries(jobs) };
}

/** Exponentially weighted by time, so it does not depend on how often it is asked for. Called before every change. */
function averageUntil(entry: Counts, at: DurationMs): void {
  const passed = at - entry.averagedAt;
  entry.averagedAt = at;
  if (passed <= 0) return;
  const weight = 1 - Math.exp(-passed / AVERAGED_OVER_MS);
  entry.average += (entry.running + entry.held + entry.queued - entry.average) * weight;
  const spans = Math.floor((at - entry.spanFrom) / PEAK_SPAN_MS);
  if (spans > 0) {
    entry.peakBefore = spans === 1 ? entry.peak : 0;
    entry.peak = 0;
    entry.spanFrom = at;
  }
  entry.peak = Math.max(entry.peak, entry.average);
}

function add(counts: Map<JobId, number>, jobId: JobId, change: number): void {
  const next = (counts.get(jobId) ?? 0) + change;
  if (next === 0) counts.delete(jobId);
  else counts.set(jobId, next);
}

/** Short answers to few callers begin from nothing hundreds of times a second: the board is told ten times. */
const LEAST_BETWEEN_MS = 100;
/** Of ten thousand models all is told, whichever it was: so many times as long as that takes is left to requests. */
const RESTS_PER_WORK = 50;

/** Tells the board what the book says: every `everyMs`, and at once when asked. */
export interface DemandPublisher {
  /** Publishes at once, or a tenth of a second after the last time, or later where it is much, however often it is called. */
  soon(): void;
  start(): void;
  /** Withdraws: a proxy that goes in order is not waited for. */
  close(): Promise<void>;
}

export function createDemandPublisher(options: {
  readonly board: Pick<DemandBoard, 'publish' | 'withdraw'>;
  readonly proxyId: string;
  readonly snapshot: () => ProxyDemand;
  readonly everyMs: number;
  readonly logger: Logger;
  readonly elapsed: () => DurationMs;
}): DemandPublisher {
  const { board, proxyId, snapshot, everyMs, logger, elapsed } = options;
  let timer: NodeJS.Timeout | undefined;
  let due: NodeJS.Timeout | undefined;
  let restedAt = Number.NEGATIVE_INFINITY;
  let running: Promise<void> | null = null;
  let again = false;
  let failing = false;
  let closed = false;

  const publish = async (): Promise<void> => {
    const from = elapsed();
    restedAt = from + LEAST_BETWEEN_MS;
    try {
      const published = board.publish(proxyId, snapshot());
      restedAt = Math.max(restedAt, from + (elapsed() - from) * RESTS_PER_WORK);
      await published;
      if (failing) logger.info('demand board answers again');
      failing = false;
    } catch (error) {
      if (!failing) logger.warn({ err: error }, 'demand board does not answer');
      failing = true;
    }
  };

  const run = (): void => {
    clearTimeout(due);
    due = undefined;
    if (running !== null || closed) {
      again = true;
      return;
    }
    running = publish().finally(() => {
      running = null;
      if (again) {
        again = false;
        run();
      }
    });
  };

  return {
    soon: () => {
      due ??= setTimeout(run, Math.max(0, restedAt - elapsed()));
    },
    start: () => {
      timer = setInterval(run, everyMs);
      run();
    },
    close: async () => {
      closed = true;
      clearInterval(timer);
      clearTimeout(due);
      await running;
      await board.withdraw(proxyId).catch(() => undefined);
    },
  };
}
