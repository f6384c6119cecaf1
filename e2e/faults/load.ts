import { ask, type RequestRecord, type Target } from '../requests/ask.ts';
import { closedLoop, type Loop } from '../requests/loops.ts';
import { look, registrar } from '../requests/manage.ts';
import { pause } from '../wakefield.ts';

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
  /** How many requests to a model are under way; of streams those that are in the middle of their answer. */
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
const ownPaceMs = 170;
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
  const running = new Set<{ readonly model: string; readonly startedAt: number; met: boolean }>();

  /** @param send is given a function to call as soon as a fault would meet the request in its middle */
  async function noted(
    model: string,
    send: (inMiddle: () => void) => Promise<RequestRecord>,
  ): Promise<RequestRecord> {
    const entry = { model, startedAt: Date.now(), met: false };
    running.add(entry);
    const record = await send(() => {
      entry.met = true;
    });
    running.delete(entry);
    records.push(record);
    return record;
  }

  const askNow = (model: string, stream: boolean) =>
    noted(model, (inMiddle) => {
      if (!stream) inMiddle();
      const tokens = stream ? streamTokens : plainTokens;
      const onLine = (line: string) => line.startsWith('data: ') && inMiddle();
      const signal = AbortSignal.timeout(patienceMs);
      return ask(target, { model, tokens, stream, onLine, signal });
    });

  /** Each at a pace of his own: else all would begin and end together. */
  const person = (model: string, stream: boolean, index: number) => async () => {
    await askNow(model, stream);
    await pause(index * ownPaceMs);
  };

  let loops: readonly Loop[] = [];
  return {
    start() {
      const people = crowds.flatMap(({ model, plain, streams }) => [
        ...Array.from({ length: plain }, (_, index) => person(model, false, index)),
        ...Array.from({ length: streams }, (_, index) => person(model, true, index)),
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
    underWay: (model) => [...running].filter((one) => one.model === model && one.met).length,
    ask: askNow,
    async stop() {
      await Promise.all(loops.map((loop) => loop.stop()));
    },
  };
}
