import type { Placed, PlacementBus } from '@wakefield/control';
import type { DurationMs, JobId, ModelId } from '@wakefield/domain';
import type { Logger } from '@wakefield/runtime';

/** What this proxy and others tell each other of prompts that they have sent somewhere. */
export interface Placements {
  /** A prompt of this key went there. */
  sent(modelId: ModelId, jobId: JobId, key: number): void;
  start(): void;
  close(): Promise<void>;
}

export interface PlacementsOptions {
  readonly bus: PlacementBus;
  readonly proxyId: string;
  /** How many there are, this one among them. */
  readonly proxies: () => number;
  readonly everyMs: DurationMs;
  /** Another proxy has sent prompts of these keys there. */
  readonly heard: (modelId: ModelId, jobId: JobId, keys: readonly number[]) => void;
  readonly logger: Logger;
}

/** Prompts that are told of at a time: of more it is not known elsewhere where they are. About 11 bytes each. */
const mostTold = 10_000;

/** Gathers what is sent, and tells it in the background. Alone it gathers nothing. */
export function createPlacements(options: PlacementsOptions): Placements {
  const { bus, proxyId, proxies, everyMs, heard, logger } = options;
  let models = new Map<ModelId, Map<JobId, number[]>>();
  let count = 0;
  let timer: NodeJS.Timeout | undefined;
  let unsubscribe: (() => Promise<void>) | null = null;
  let closed = false;

  const hear = (placed: Placed): void => {
    if (placed.proxyId === proxyId) return;
    for (const [modelId, jobs] of Object.entries(placed.models))
      for (const [jobId, keys] of Object.entries(jobs)) heard(modelId, jobId, keys);
  };
  const subscribe = async (): Promise<void> => {
    unsubscribe = await bus.subscribe(hear);
    if (closed) await unsubscribe();
  };
  const tell = async (): Promise<void> => {
    if (count === 0) return;
    const told = models;
    models = new Map();
    count = 0;
    const entries = [...told].map(([id, jobs]) => [id, Object.fromEntries(jobs)] as const);
    try {
      await bus.publish({ proxyId, models: Object.fromEntries(entries) });
    } catch (error) {
      logger.debug({ err: error }, 'what was placed is not told');
    }
  };
  return {
    sent: (modelId, jobId, key) => {
      if (count >= mostTold || proxies() === 1) return;
      let jobs = models.get(modelId);
      if (jobs === undefined) {
        jobs = new Map();
        models.set(modelId, jobs);
      }
      const keys = jobs.get(jobId);
      if (keys === undefined) jobs.set(jobId, [key]);
      else keys.push(key);
      count += 1;
    },
    start: () => {
      void subscribe();
      timer = setInterval(() => void tell(), everyMs);
    },
    close: async () => {
      closed = true;
      clearInterval(timer);
      await unsubscribe?.();
    },
  };
}
