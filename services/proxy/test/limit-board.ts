import type { LimitBoard, LimitReport } from '@wakefield/control';

/** A board in memory, on a clock of the test's: what the one on Redis does (packages/queue/src/limit-board.ts). */
export interface MemoryLimitBoard extends LimitBoard {
  /** Calls fail: `before` they were counted, or `after`. */
  failing: 'no' | 'before' | 'after';
  readonly levels: ReadonlyMap<string, { readonly level: number; readonly at: number }>;
  readonly calls: number;
  /** Requests that a proxy has told to be under way. */
  underWay(proxyId: string): number;
}

const aliveMs = 5000;

export function createMemoryLimitBoard(now: () => number): MemoryLimitBoard {
  const levels = new Map<string, { level: number; at: number }>();
  const counts = new Map<string, Map<string, number>>();
  const seen = new Map<string, number>();
  const lastReports = new Map<string, number>();
  let calls = 0;
  const count = (proxyId: string, report: LimitReport) => {
    seen.set(proxyId, now());
    const isNew = lastReports.get(proxyId) !== report.seq;
    lastReports.set(proxyId, report.seq);
    return {
      levels: report.levels.map(({ key, perMs, used, known }) => {
        const kept = levels.get(key);
        const before =
          kept === undefined ? known : Math.max(0, kept.level - (now() - kept.at) * perMs);
        const level = Math.max(0, before + (isNew ? used : 0));
        levels.set(key, { level, at: now() });
        return level;
      }),
      others: report.counts.map(({ key, count: own }) => {
        const ofKey = counts.get(key) ?? new Map<string, number>();
        counts.set(key, ofKey.set(proxyId, own));
        return [...ofKey].reduce((sum, [id, each]) => (id === proxyId ? sum : sum + each), 0);
      }),
    };
  };
  const board: MemoryLimitBoard = {
    underWay: (proxyId) =>
      [...counts.values()].reduce((sum, one) => sum + (one.get(proxyId) ?? 0), 0),
    countLifeMs: 30_000,
    failing: 'no',
    levels,
    get calls() {
      return calls;
    },
    exchange: async (proxyId, report) => {
      calls += 1;
      if (board.failing === 'before') throw new Error('away');
      const told = count(proxyId, report);
      if (board.failing === 'after') throw new Error('the answer is lost');
      const proxies = [...seen.values()].filter((at) => now() - at < aliveMs).length;
      return { proxies, ...told };
    },
    withdraw: async (proxyId, keys) => {
      seen.delete(proxyId);
      for (const key of keys) counts.get(key)?.delete(proxyId);
    },
  };
  return board;
}
