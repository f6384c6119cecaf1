import { Agent } from 'undici';
import { ask, type Question, type RequestRecord, type Target } from '../requests/ask.ts';
import { openLoop } from '../requests/loops.ts';
import { type SoakModel, tokensPerSecond } from './models.ts';

export interface Traffic {
  readonly records: readonly RequestRecord[];
  /** By how much each was sent later than it was due. */
  readonly lateMs: readonly number[];
  /** Sends no more; resolves when the last answer is there. */
  stop(): Promise<void>;
}

export const plainTokens = 2;
const streamTokens = 40;
/** Every n-th request of a model is a stream … */
const streamEvery = 10;
/** … and every n-th of them a long one. */
const longEvery = 5;
/** Nobody waits longer. */
const patienceMs = 120_000;

/**
 * Requests at a fixed rate over all models in turn, on kept connections, as many as it takes: none waits for one
 * before it.
 */
export function startTraffic(
  target: Target,
  models: readonly SoakModel[],
  perSecond: number,
): Traffic {
  const dispatcher = new Agent({ keepAliveTimeout: 30_000 });
  const records: RequestRecord[] = [];
  const loop = openLoop(perSecond, async (index, dueAt) => {
    const model = models[index % models.length];
    if (model === undefined) return;
    const record = await ask(target, {
      ...questionOf(model, Math.floor(index / models.length)),
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

/** The n-th question to a model. */
function questionOf({ model, longStreamSeconds }: SoakModel, turn: number): Question {
  if (turn % streamEvery !== 0) return { model, tokens: plainTokens };
  const isLong = turn % (streamEvery * longEvery) === 0;
  const tokens = isLong ? longStreamSeconds * tokensPerSecond : streamTokens;
  return { model, tokens, stream: true };
}
