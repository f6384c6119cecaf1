import { Agent } from 'undici';
import { ask, type RequestRecord, type Target } from '../requests/ask.ts';
import { openLoop } from '../requests/loops.ts';

export interface Traffic {
  readonly records: readonly RequestRecord[];
  /** By how much each was sent later than it was due. */
  readonly lateMs: readonly number[];
  /** Sends no more; resolves when the last answer is there. */
  stop(): Promise<void>;
}

export const plainTokens = 2;
const streamTokens = 40;
/** Every n-th request is a stream. */
const streamEvery = 10;
/** Nobody waits longer. */
const patienceMs = 120_000;

/**
 * Requests at a fixed rate over all models in turn, on kept connections, as many as it takes: none waits for one
 * before it.
 */
export function startTraffic(
  target: Target,
  models: readonly string[],
  perSecond: number,
): Traffic {
  const dispatcher = new Agent({ keepAliveTimeout: 30_000 });
  const records: RequestRecord[] = [];
  const loop = openLoop(perSecond, async (index, dueAt) => {
    const stream = Math.floor(index / models.length) % streamEvery === 0;
    const record = await ask(target, {
      model: models[index % models.length] ?? '',
      tokens: stream ? streamTokens : plainTokens,
      stream,
      dueAt,
      dispatcher,
      signal: AbortSignal.timeout(patienceMs),
    });
    records.push(record);
  });
  return {
    records,
    lateMs: loop.lateMs,
    async stop() {
      await loop.stop();
      await dispatcher.close();
    },
  };
}
