import { chat } from '../requests/ask.ts';
import { pause, type Wakefield } from '../wakefield.ts';

/** One request as its client saw it; times in epoch milliseconds. */
export interface RequestRecord {
  readonly model: string;
  readonly stream: boolean;
  readonly startedAt: number;
  /** Of a stream its first token; of a plain answer its end. */
  readonly answeredAt: number;
  readonly endedAt: number;
  /** 0: no answer came. */
  readonly status: number;
  /** Every byte came, and the end as the protocol says it. */
  readonly whole: boolean;
  readonly error: string | null;
}

/** People who ask one model again and again. */
export interface Crowd {
  readonly model: string;
  readonly plain: number;
  readonly streams: number;
}

/** Steady requests to several models, each of them written down. */
export interface Load {
  /** Of a model that ended since then, and which may still run at this moment. */
  since(model: string, from: number): readonly RequestRecord[];
  /** When the oldest request that is under way began; null: none is. */
  oldestUnderWay(): number | null;
  /** One request of its own. Never rejects. */
  ask(model: string, stream: boolean): Promise<RequestRecord>;
  /** Forgets what ended before. */
  forget(before: number): void;
  /** From now on people ask. */
  start(): void;
  /** Resolves when the last request has ended. */
  stop(): Promise<void>;
}

/** A request that takes longer has been forgotten by somebody. */
const patienceMs = 90_000;
const betweenMs = 150;
/** Two and a half seconds at the speed of the engines here: some are always in the middle. */
const streamTokens = 100;
const plainTokens = 4;

export function createLoad(
  wakefield: Pick<Wakefield, 'url' | 'key'>,
  crowds: readonly Crowd[],
): Load {
  let records: RequestRecord[] = [];
  const underWay = new Set<{ readonly startedAt: number }>();
  const stopping = new AbortController();

  async function ask(model: string, stream: boolean): Promise<RequestRecord> {
    const startedAt = Date.now();
    const entry = { startedAt };
    underWay.add(entry);
    const signal = AbortSignal.timeout(patienceMs);
    let firstTokenAt: number | null = null;
    const asked = stream ? streamTokens : plainTokens;
    const { status, tokens, error, ...answer } = await chat(wakefield, model, {
      tokens: asked,
      stream,
      signal,
      onLine: (line) => {
        if (line.startsWith('data: ')) firstTokenAt ??= Date.now();
      },
    });
    underWay.delete(entry);
    // An engine that is ended makes a cut stream look finished: every token must have come.
    const whole = answer.whole && error === null && tokens === asked;
    const endedAt = Date.now();
    const answeredAt = firstTokenAt ?? endedAt;
    const record = { model, stream, startedAt, answeredAt, endedAt, status, whole, error };
    records.push(record);
    return record;
  }

  async function person(model: string, stream: boolean): Promise<void> {
    while (!stopping.signal.aborted) {
      await ask(model, stream);
      await pause(betweenMs);
    }
  }

  let people: readonly Promise<void>[] = [];
  return {
    start() {
      people = crowds.flatMap(({ model, plain, streams }) => [
        ...Array.from({ length: plain }, () => person(model, false)),
        ...Array.from({ length: streams }, () => person(model, true)),
      ]);
    },
    since: (model, from) =>
      records.filter((record) => record.model === model && record.endedAt >= from),
    oldestUnderWay: () =>
      underWay.size === 0 ? null : Math.min(...[...underWay].map(({ startedAt }) => startedAt)),
    ask,
    forget(before) {
      records = records.filter(({ endedAt }) => endedAt >= before);
    },
    async stop() {
      stopping.abort();
      await Promise.all(people);
    },
  };
}
