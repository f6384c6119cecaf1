import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  defaultLimitRules,
  type LimitRules,
  noLimits,
  type RequestLimits,
  type Route,
} from '@wakefield/domain';
import { createLogger } from '@wakefield/runtime';
import { createMemoryLimitBoard, type MemoryLimitBoard } from '../../test/limit-board.ts';
import { asleep } from '../../test/world.ts';
import { createLimits, type Limits, type Ticket } from './limits.ts';

const everyMs = 250;
const route = asleep('a/b');

let board: MemoryLimitBoard;
beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] });
  board = createMemoryLimitBoard(() => performance.now());
});
afterEach(() => {
  jest.useRealTimers();
});

const only = (scope: keyof LimitRules['scopes'], limits: Partial<RequestLimits>): LimitRules => ({
  ...defaultLimitRules,
  scopes: {
    ...defaultLimitRules.scopes,
    [scope]: { defaults: { ...noLimits, ...limits }, named: new Map() },
  },
});

/** Two proxies that have heard of each other. */
async function pair(rules: LimitRules): Promise<readonly [Limits, Limits]> {
  const logger = createLogger({ service: 'proxy', level: 'silent' });
  const elapsed = () => performance.now();
  const start = (proxyId: string): Limits => {
    const limits = createLimits({ rules, board, proxyId, elapsed, everyMs, logger });
    limits.start();
    return limits;
  };
  const both = [start('one'), start('other')] as const;
  await jest.advanceTimersByTimeAsync(2500);
  return both;
}

interface Ask {
  readonly principal?: string;
  readonly route?: Route;
}

/** So many requests begin, as far as they are let in. */
function begin(limits: Limits, count: number, ask: Ask = {}): Ticket[] {
  const request = { principal: 'a', route, bodyBytes: 0, maxTokens: 1, answers: true, ...ask };
  return Array.from({ length: count }, () => limits.admit(request)).flatMap((admission) =>
    admission?.refusal === null ? [admission.ticket] : [],
  );
}

/** Of as many principals each. */
const beginEach = (limits: Limits, count: number): Ticket[] =>
  Array.from({ length: count }, (_, index) => begin(limits, 1, { principal: `p${index}` })).flat();

function end(tickets: readonly Ticket[]): void {
  for (const ticket of tickets) ticket.finish(1);
}

describe('a proxy that goes away', () => {
  const rules = only('principal', { concurrentRequests: 100 });

  it.each(['no', 'after'] as const)(
    'takes what it has under way with it, and nothing of others; answers fail: %s',
    async (failing) => {
      const [one, other] = await pair(rules);
      beginEach(one, 7);
      beginEach(other, 5);
      board.failing = failing;
      await jest.advanceTimersByTimeAsync(1000);
      expect([board.underWay('one'), board.underWay('other')]).toEqual([7, 5]);
      await one.close();
      expect([board.underWay('one'), board.underWay('other')]).toEqual([0, 5]);
      await other.close();
    },
  );

  it('has nothing to take where all of it has ended', async () => {
    const withdrawn: (readonly string[])[] = [];
    const { withdraw } = board;
    board.withdraw = async (proxyId, counts) => {
      withdrawn.push(counts);
      await withdraw(proxyId, counts);
    };
    const [one] = await pair(rules);
    const tickets = beginEach(one, 7);
    await jest.advanceTimersByTimeAsync(1000);
    end(tickets);
    await jest.advanceTimersByTimeAsync(1000);
    await one.close();
    expect(withdrawn).toEqual([[]]);
  });
});

describe('two proxies', () => {
  it('tell of a limit once a hundredth of it is used, divided by their number', async () => {
    const [one] = await pair(only('principal', { requestsPerMinute: 6000 }));
    end(begin(one, 29));
    await jest.advanceTimersByTimeAsync(everyMs);
    expect(board.levels.size).toBe(0);
    end(begin(one, 1));
    await jest.advanceTimersByTimeAsync(everyMs);
    expect([...board.levels.keys()]).toEqual(['principal:a:requests']);
  });

  it('tell of how many are under way by the same rule, and set right what they told', async () => {
    const [one, other] = await pair(only('model', { concurrentRequests: 1000 }));
    const tickets = begin(one, 4);
    await jest.advanceTimersByTimeAsync(1000);
    expect(board.underWay('one')).toBe(0);
    tickets.push(...begin(one, 1));
    await jest.advanceTimersByTimeAsync(everyMs);
    expect(board.underWay('one')).toBe(5);
    end(tickets.splice(0, 1));
    await jest.advanceTimersByTimeAsync(everyMs);
    expect(board.underWay('one')).toBe(4);
    end(tickets);
    await jest.advanceTimersByTimeAsync(everyMs);
    expect(board.underWay('one')).toBe(0);
    await jest.advanceTimersByTimeAsync(everyMs);
    expect([one.remembered(), other.remembered()]).toEqual([0, 0]);
  });

  it('let a trickle in beside a flood by no more than what nobody has to tell', async () => {
    const [one, other] = await pair(only('model', { concurrentRequests: 1000 }));
    let underWay = 0;
    for (let round = 0; round < 40; round += 1) {
      underWay += begin(one, 200).length;
      await jest.advanceTimersByTimeAsync(everyMs);
    }
    for (let second = 0; second < 30; second += 1) {
      underWay += begin(other, 1).length;
      await jest.advanceTimersByTimeAsync(1000);
    }
    expect(underWay).toBeGreaterThanOrEqual(1000);
    expect(underWay).toBeLessThanOrEqual(1005);
  });

  it('set right what they told of a limit that is none any more', async () => {
    const [one] = await pair(only('project', { requestsPerMinute: 60 }));
    const tickets = begin(one, 2, {
      route: { ...route, limits: { ...noLimits, concurrentRequests: 10 } },
    });
    await jest.advanceTimersByTimeAsync(1000);
    expect(board.underWay('one')).toBe(2);
    tickets.push(
      ...begin(one, 1, { route: { ...route, limits: { ...noLimits, requestsPerMinute: 600 } } }),
    );
    end(tickets);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(board.underWay('one')).toBe(0);
    expect(one.remembered()).toBe(0);
  });

  it('set right what they told before an outage, and keep nothing of it', async () => {
    const withdrawn: (readonly string[])[] = [];
    board.withdraw = async (_, counts) => void withdrawn.push(counts);
    const [one] = await pair(only('model', { concurrentRequests: 100 }));
    const tickets = begin(one, 5);
    await jest.advanceTimersByTimeAsync(1000);
    board.failing = 'before';
    end(tickets);
    await jest.advanceTimersByTimeAsync(5000);
    expect(board.underWay('one')).toBe(5);
    board.failing = 'no';
    await jest.advanceTimersByTimeAsync(2000);
    expect(board.underWay('one')).toBe(0);
    await one.close();
    expect(withdrawn).toEqual([[]]);
  });

  it('refuse nobody for what has begun and ended meanwhile', async () => {
    const [one, other] = await pair(only('model', { concurrentRequests: 1000 }));
    begin(other, 450);
    await jest.advanceTimersByTimeAsync(1000);
    // Shorter than what has to be told, but for a moment, by which it is known how little this part is.
    end(begin(one, 6));
    const first = begin(one, 50);
    await jest.advanceTimersByTimeAsync(everyMs);
    end(first);
    await jest.advanceTimersByTimeAsync(everyMs);
    for (let ms = 0; ms < 1900; ms += 10) {
      const tickets = begin(one, 1);
      expect(tickets).toHaveLength(1);
      await jest.advanceTimersByTimeAsync(10);
      end(tickets);
    }
  });
});
