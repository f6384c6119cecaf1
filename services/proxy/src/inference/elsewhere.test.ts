import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { ModelDemand, TotalDemand } from '@wakefield/domain';
import { createLogger } from '@wakefield/runtime';
import { createElsewhere } from './elsewhere.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

const demand = (runningByJob: Record<string, number>): ModelDemand => ({
  ...{ running: 0, held: 0, average: 0, peak: 0, lastRequestAt: null },
  runningByJob,
});

function setUp() {
  const asked: (readonly string[])[] = [];
  const news: string[] = [];
  const state = { all: demand({}), own: demand({}), away: false };
  const elsewhere = createElsewhere({
    board: {
      readMany: async (modelIds) => {
        asked.push(modelIds);
        if (state.away) return null;
        const total: TotalDemand = { ...state.all, isWhole: true };
        return new Map(modelIds.map((id) => [id, total]));
      },
    },
    told: () => ({ models: new Map([['m', state.own]]) }),
    elapsed: () => performance.now(),
    everyMs: 1000,
    onNews: (modelId) => news.push(modelId),
    logger: createLogger({ service: 'proxy', level: 'silent' }),
  });
  elsewhere.start();
  return { elsewhere, state, asked, news };
}

describe('what other proxies have at engines', () => {
  it('is what all have without our own, from the moment that somebody wants to know', async () => {
    const { elsewhere, state, asked, news } = setUp();
    await jest.advanceTimersByTimeAsync(5000);
    expect(asked).toEqual([]);
    state.all = demand({ j: 7, k: 1 });
    state.own = demand({ j: 3, k: 2 });
    expect(elsewhere.on('j')).toBe(0);
    elsewhere.want('m');
    await jest.advanceTimersByTimeAsync(0);
    expect([elsewhere.on('j'), elsewhere.on('k')]).toEqual([4, 0]);
    expect(news).toEqual(['m']);
    state.all = demand({ j: 4 });
    await jest.advanceTimersByTimeAsync(1000);
    expect(elsewhere.on('j')).toBe(1);
    elsewhere.close();
  });

  it('is asked for as long as it is wanted, and no longer', async () => {
    const { elsewhere, asked } = setUp();
    elsewhere.want('m');
    await jest.advanceTimersByTimeAsync(60_000);
    expect(asked.length).toBeGreaterThan(5);
    expect(asked.length).toBeLessThan(15);
    elsewhere.close();
  });

  it('is nothing where nobody can tell any more', async () => {
    const { elsewhere, state } = setUp();
    state.all = demand({ j: 7 });
    elsewhere.want('m');
    await jest.advanceTimersByTimeAsync(0);
    state.away = true;
    await jest.advanceTimersByTimeAsync(4000);
    expect(elsewhere.on('j')).toBe(7);
    await jest.advanceTimersByTimeAsync(2000);
    expect(elsewhere.on('j')).toBe(0);
    elsewhere.close();
  });
});
