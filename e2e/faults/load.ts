import { ask, type RequestRecord, type Target } from '../requests/ask.ts';
import { closedLoop, type Loop } from '../requests/loops.ts';
import { look, registrar } from '../requests/manage.ts';

/** People who ask one model again and again. */
export interface Crowd {
  readonly model: string;
  readonly plain: number;
  readonly streams: number;
}

/** Steady requests to several models and to the management API, each of them written down. */
export interface Load {
  /** What ended since the last `take`. */
  ended(): readonly RequestRecord[];
  /** The same, handed out for good: every record is judged once. */
  take(): readonly RequestRecord[];
  /** When the oldest request that is under way began; null: none is. */
  oldestUnderWay(): number | null;
  /** How many requests to a model are under way. */
  underWay(model: string): number;
  /** One request of its own. Never rejects. */
  ask(model: string, stream: boolean): Promise<RequestRecord>;
  /** From now on people ask. */
  start(): void;
  /** Resolves when the last request has ended. */
  stop(): Promise<void>;
}

/** A request that takes longer has been forgotten by somebody. */
const patienceMs = 90_000;
const betweenMs = 150;
const betweenManagedMs = 400;
/** Two and a half seconds at the speed of the engines here: some are always in the middle. */
const streamTokens = 100;
const plainTokens = 4;

/**
 * @param managed what somebody registers again and again, and two others look at
 */
export function createLoad(
  target: Target,
  crowds: readonly Crowd[],
  managed: { readonly hf_model_id: string },
): Load {
  let records: RequestRecord[] = [];
  const running = new Set<{ readonly model: string; readonly startedAt: number }>();

  async function noted(model: string, send: () => Promise<RequestRecord>): Promise<RequestRecord> {
    const entry = { model, startedAt: Date.now() };
    running.add(entry);
    const record = await send();
    running.delete(entry);
    records.push(record);
    return record;
  }

  const askNow = (model: string, stream: boolean) =>
    noted(model, () => {
      const tokens = stream ? streamTokens : plainTokens;
      return ask(target, { model, tokens, stream, signal: AbortSignal.timeout(patienceMs) });
    });

  let loops: readonly Loop[] = [];
  return {
    start() {
      const people = crowds.flatMap(({ model, plain, streams }) => [
        ...Array.from({ length: plain }, () => () => askNow(model, false)),
        ...Array.from({ length: streams }, () => () => askNow(model, true)),
      ]);
      const model = managed.hf_model_id;
      const looks = () => noted(model, () => look(target, model));
      const put = registrar(target, managed);
      const managers = [looks, looks, () => noted(model, put)];
      loops = [closedLoop(people, betweenMs), closedLoop(managers, betweenManagedMs)];
    },
    ended: () => records,
    take() {
      const taken = records;
      records = [];
      return taken;
    },
    oldestUnderWay: () =>
      running.size === 0 ? null : Math.min(...[...running].map(({ startedAt }) => startedAt)),
    underWay: (model) => [...running].filter((one) => one.model === model).length,
    ask: askNow,
    async stop() {
      await Promise.all(loops.map((loop) => loop.stop()));
    },
  };
}
