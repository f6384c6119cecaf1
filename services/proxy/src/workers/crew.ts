import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { deathsInARow, type Logger, type ReadyMessage, restartDelayMs } from '@wakefield/runtime';

/** EX_CONFIG of sysexits.h: with a configuration that cannot be used another try is no use. */
const WRONG_CONFIGURATION = 78;
/** So many in a row that end before the first of all was ready: they never will be. */
const HOPELESS_DEATHS = 3;

/** The workers of one proxy: processes that share its port, each of them a whole proxy. */
export interface Crew {
  /** Resolves when every worker was ready once. Rejects when one cannot be. @returns where the proxy answers */
  start(): Promise<string | null>;
  /** Where those that are ready tell of themselves, by their numbers. No two ever have the same. */
  opsUrls(): ReadonlyMap<number, string>;
  /** Resolves when all have ended. A second call tells them once more: then they wait for nobody. */
  stop(): Promise<void>;
}

/**
 * Keeps so many workers running. Connections are dealt out in turn by this process (node:cluster), because a socket
 * that all accept from gives most of them to one.
 */
export function createCrew(count: number, logger: Logger): Crew {
  const ready = new Map<number, ReadyMessage>();
  const places: Promise<void>[] = [];
  const stopping = new AbortController();

  async function keepPlace(onReady: (message: ReadyMessage) => void): Promise<void> {
    let isFirst = true;
    for (let deaths = 0; !stopping.signal.aborted; ) {
      const since = performance.now();
      // One that was handed over is for this process: those below it get theirs from here.
      const worker = cluster.fork({ LISTEN_PID: undefined });
      const { id } = worker;
      worker.on('message', (message: unknown) => {
        const told = readyMessage(message);
        if (told === null) return;
        isFirst = false;
        ready.set(id, told);
        onReady(told);
      });
      const { code, signal, err } = await ended(worker);
      ready.delete(id);
      if (stopping.signal.aborted) return;
      deaths = deathsInARow(deaths, performance.now() - since);
      if (isFirst && (code === WRONG_CONFIGURATION || deaths >= HOPELESS_DEATHS)) {
        throw new WorkerError(code ?? 1, `a worker ended with ${signal ?? `code ${code}`}`);
      }
      const waitMs = restartDelayMs(deaths);
      logger.error(
        { worker: id, code, signal, err, waitMs },
        'a worker has ended; starting another',
      );
      await delay(waitMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }

  return {
    start: async () => {
      const firsts = Array.from({ length: count }, () => {
        const first = Promise.withResolvers<ReadyMessage>();
        const place = keepPlace(first.resolve);
        place.catch(first.reject);
        places.push(place);
        return first.promise;
      });
      const [told] = await Promise.all(firsts);
      return told?.url ?? null;
    },
    opsUrls: () => new Map([...ready].map(([id, { opsUrl }]) => [id, opsUrl])),
    stop: async () => {
      stopping.abort();
      for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill('SIGTERM');
      await Promise.allSettled(places);
    },
  };
}

/** A worker that cannot be brought up; `exitCode` is this process's, too. */
class WorkerError extends Error {
  override readonly name = 'WorkerError';
  readonly exitCode: number;

  constructor(exitCode: number, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** How it ended. One that could not even be begun tells an error, and no exit. */
async function ended(
  worker: Worker,
): Promise<{ code: number | null; signal: string | null; err?: unknown }> {
  try {
    const [code, signal] = (await once(worker, 'exit')) as [number | null, string | null];
    return { code, signal };
  } catch (err) {
    return { code: null, signal: null, err };
  }
}

/** `{ type: 'ready', url, opsUrl }` as the runtime's life cycle sends it. */
function readyMessage(message: unknown): ReadyMessage | null {
  const { type, url, opsUrl } = (message ?? {}) as Record<string, unknown>;
  if (type !== 'ready' || typeof opsUrl !== 'string') return null;
  return { url: typeof url === 'string' ? url : null, opsUrl };
}
