import type { DemandBoard, ProxyDemand } from '@wakefield/control';
import type { DurationMs, JobId, ModelId, TotalDemand } from '@wakefield/domain';
import type { Logger } from '@wakefield/runtime';

/** What other proxies have at engines, as far as this one needs to know. */
export interface Elsewhere {
  /** Requests of others on a job, as they told last; 0 where nobody knows. */
  on(jobId: JobId): number;
  /** From now on, for a while, it is asked for. */
  want(modelId: ModelId): void;
  start(): void;
  close(): void;
}

export interface ElsewhereOptions {
  readonly board: Pick<DemandBoard, 'readMany'>;
  /** What this proxy told last. */
  readonly told: () => ProxyDemand;
  readonly elapsed: () => DurationMs;
  readonly everyMs: DurationMs;
  /** Called for a model of which there is news. */
  readonly onNews: (modelId: ModelId) => void;
  readonly logger: Logger;
}

/** What was told so long ago says nothing any more. */
const goodForMs = 5000;
/** A model of which nobody has asked for so long is no longer asked for. */
const wantedForMs = 10_000;

/** Asks the board in the background, for those models alone of which somebody wants to know it. */
export function createElsewhere(options: ElsewhereOptions): Elsewhere {
  const { board, told, elapsed, everyMs, onNews, logger } = options;
  /** When each was wanted last. */
  const wanted = new Map<ModelId, DurationMs>();
  let known: ReadonlyMap<JobId, number> = new Map();
  let knownAt = Number.NEGATIVE_INFINITY;
  let asking = false;
  let timer: NodeJS.Timeout | undefined;

  const learn = (
    own: ProxyDemand['models'],
    all: ReadonlyMap<ModelId, Pick<TotalDemand, 'runningByJob'>>,
  ): void => {
    const next = new Map<JobId, number>();
    for (const [modelId, { runningByJob }] of all) {
      const ours = own.get(modelId)?.runningByJob ?? {};
      for (const [jobId, count] of Object.entries(runningByJob))
        next.set(jobId, Math.max(0, count - (ours[jobId] ?? 0)));
    }
    known = next;
    knownAt = elapsed();
    for (const modelId of all.keys()) onNews(modelId);
  };
  const ask = async (): Promise<void> => {
    if (asking || wanted.size === 0) return;
    asking = true;
    try {
      const own = told().models;
      const all = await board.readMany([...wanted.keys()]);
      if (all !== null) learn(own, all);
    } catch (error) {
      logger.debug({ err: error }, 'what other proxies have at engines is not known');
    } finally {
      asking = false;
    }
  };
  const turn = (): void => {
    const now = elapsed();
    for (const [modelId, at] of wanted) if (now - at > wantedForMs) wanted.delete(modelId);
    void ask();
  };

  return {
    on: (jobId) => (elapsed() - knownAt > goodForMs ? 0 : (known.get(jobId) ?? 0)),
    want: (modelId) => {
      const isNew = !wanted.has(modelId);
      wanted.set(modelId, elapsed());
      if (isNew) void ask();
    },
    start: () => {
      timer = setInterval(turn, everyMs);
    },
    close: () => clearInterval(timer),
  };
}
