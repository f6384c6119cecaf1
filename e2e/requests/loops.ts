import { pause } from '../wakefield.ts';

/** Requests that are sent until they are told to stop. */
export interface Loop {
  /** Sends no more; resolves when the last one has ended. */
  stop(): Promise<void>;
}

export interface OpenLoop extends Loop {
  /** By how much each left later than it was due: of the sender's own making. */
  readonly lateMs: readonly number[];
}

/** Each asks again when he has his answer, which no question may reject. */
export function closedLoop(people: readonly (() => Promise<unknown>)[], betweenMs = 0): Loop {
  let stopping = false;
  const all = people.map(async (ask) => {
    while (!stopping) {
      await ask();
      if (betweenMs > 0) await pause(betweenMs);
    }
  });
  return {
    async stop() {
      stopping = true;
      await Promise.all(all);
    },
  };
}

const beatMs = 2;

/** Requests at a fixed rate, whatever became of those before. */
export function openLoop(
  perSecond: number,
  send: (index: number, dueAt: number) => Promise<unknown>,
): OpenLoop {
  const startedAt = Date.now();
  const underWay = new Set<Promise<unknown>>();
  const lateMs: number[] = [];
  let sent = 0;
  const beat = setInterval(() => {
    const due = Math.floor(((Date.now() - startedAt) / 1_000) * perSecond);
    for (; sent < due; sent += 1) {
      const dueAt = startedAt + ((sent + 1) / perSecond) * 1_000;
      lateMs.push(Date.now() - dueAt);
      const one = send(sent, dueAt);
      underWay.add(one);
      void one.finally(() => underWay.delete(one));
    }
  }, beatMs);
  return {
    lateMs,
    async stop() {
      clearInterval(beat);
      await Promise.all(underWay);
    },
  };
}
