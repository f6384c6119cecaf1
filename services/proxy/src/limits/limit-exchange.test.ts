import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { defaultLimitRules, type LimitRules, noLimits } from '@wakefield/domain';
import { createLogger } from '@wakefield/runtime';
import { createMemoryLimitBoard } from '../../test/limit-board.ts';
import { asleep } from '../../test/world.ts';
import { createLimits, type Limits } from './limits.ts';

const rules: LimitRules = {
  ...defaultLimitRules,
  scopes: {
    ...defaultLimitRules.scopes,
    principal: { defaults: { ...noLimits, concurrentRequests: 100 }, named: new Map() },
  },
};
const route = asleep('a/b');

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] });
});
afterEach(() => {
  jest.useRealTimers();
});

function start(proxyId: string, board: ReturnType<typeof createMemoryLimitBoard>): Limits {
  const logger = createLogger({ service: 'proxy', level: 'silent' });
  const elapsed = () => performance.now();
  const limits = createLimits({ rules, board, proxyId, elapsed, everyMs: 250, logger });
  limits.start();
  return limits;
}

/** So many requests of as many principals begin, and go on. @returns ends them */
function begin(limits: Limits, count: number): () => void {
  const admissions = Array.from({ length: count }, (_, index) =>
    limits.admit({ principal: `p${index}`, route, bodyBytes: 0, maxTokens: 1, answers: true }),
  );
  return () => {
    for (const one of admissions) if (one?.refusal === null) one.ticket.finish(1);
  };
}

describe('a proxy that goes away', () => {
  it.each(['no', 'after'] as const)(
    'takes what it has under way with it, and nothing of others; answers fail: %s',
    async (failing) => {
      const board = createMemoryLimitBoard(() => performance.now());
      const [one, other] = [start('one', board), start('other', board)];
      await jest.advanceTimersByTimeAsync(1000);
      begin(one, 7);
      begin(other, 5);
      board.failing = failing;
      await jest.advanceTimersByTimeAsync(1000);
      expect([board.underWay('one'), board.underWay('other')]).toEqual([7, 5]);
      await one.close();
      expect([board.underWay('one'), board.underWay('other')]).toEqual([0, 5]);
      await other.close();
    },
  );

  it('has nothing to take where all of it has ended', async () => {
    const board = createMemoryLimitBoard(() => performance.now());
    const withdrawn: (readonly string[])[] = [];
    const { withdraw } = board;
    board.withdraw = async (proxyId, counts) => {
      withdrawn.push(counts);
      await withdraw(proxyId, counts);
    };
    const one = start('one', board);
    await jest.advanceTimersByTimeAsync(1000);
    const end = begin(one, 7);
    await jest.advanceTimersByTimeAsync(1000);
    end();
    await jest.advanceTimersByTimeAsync(1000);
    await one.close();
    expect(withdrawn).toEqual([[]]);
  });
});
