import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  defaultLimitRules,
  type LimitRules,
  noLimits,
  type RequestLimits,
} from '@wakefield/domain';
import { createLogger } from '@wakefield/runtime';
import { createMemoryLimitBoard, type MemoryLimitBoard } from '../../test/limit-board.ts';
import { asleep } from '../../test/world.ts';
import { createLimits, type Limits, type Ticket } from './limits.ts';

const logger = createLogger({ service: 'proxy', level: 'silent' });
const everyMs = 250;

let board: MemoryLimitBoard;
const open: Limits[] = [];
beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] });
  board = createMemoryLimitBoard(() => performance.now());
});
afterEach(async () => {
  for (const limits of open.splice(0)) await limits.close();
  jest.useRealTimers();
});

const only = (scope: keyof LimitRules['scopes'], limits: Partial<RequestLimits>): LimitRules => ({
  ...defaultLimitRules,
  scopes: {
    ...defaultLimitRules.scopes,
    [scope]: { defaults: { ...noLimits, ...limits }, named: new Map() },
  },
});

/** Proxies that have heard of each other. */
async function proxies(count: number, rules: LimitRules): Promise<Limits[]> {
  const all = Array.from({ length: count }, (_, index) =>
    createLimits({
      rules,
      board,
      proxyId: `p${open.length + index}`,
      elapsed: () => performance.now(),
      everyMs,
      logger,
    }),
  );
  open.push(...all);
  for (const one of all) one.start();
  await jest.advanceTimersByTimeAsync(2500);
  return all;
}

const route = asleep('a/b');

interface Ask {
  readonly principal?: string;
  readonly bodyBytes?: number;
  readonly maxTokens?: number | null;
  readonly route?: typeof route;
}

function ask(limits: Limits, over: Ask = {}) {
  return limits.admit({
    principal: 'a',
    route,
    bodyBytes: 0,
    maxTokens: 1,
    answers: true,
    ...over,
  });
}

/** Sends as many as get in, and ends each at once. @returns how many did */
function flood(limits: Limits, count: number, over: Ask = {}): number {
  let admitted = 0;
  for (let index = 0; index < count; index += 1) {
    const admission = ask(limits, over);
    if (admission === null || admission.refusal === null) admitted += 1;
    if (admission?.refusal === null) admission.ticket.finish(1);
  }
  return admitted;
}

/** Those that get in, of so many. */
function admitted(limits: Limits, count: number): Ticket[] {
  return Array.from({ length: count }, () => ask(limits)).flatMap((admission) =>
    admission?.refusal === null ? [admission.ticket] : [],
  );
}

/** Keeps them all at their limit for so long. @returns how many requests got in */
async function busy(all: readonly Limits[], lengthMs: number): Promise<number> {
  let count = 0;
  for (let ms = 0; ms < lengthMs; ms += 100) {
    await jest.advanceTimersByTimeAsync(100);
    for (const one of all) count += flood(one, 40);
  }
  return count;
}

const ticketOf = (limits: Limits, over: Ask = {}): Ticket => {
  const admission = ask(limits, over);
  if (admission === null || admission.refusal !== null) throw new Error('not let in');
  return admission.ticket;
};

const headerOf = (limits: Limits, name: string, over: Ask = {}): string | undefined => {
  const headers = ask(limits, over)?.headers ?? [];
  return headers[headers.indexOf(`x-ratelimit-${name}`) + 1];
};

describe('one proxy', () => {
  it('limits nobody where nothing is said, and remembers nobody', async () => {
    const [one] = await proxies(1, defaultLimitRules);
    expect(ask(one as Limits)).toBeNull();
  });

  it('lets so many in at once as a minute allows, and then at that pace', async () => {
    const [one] = (await proxies(1, only('principal', { requestsPerMinute: 60 }))) as [Limits];
    expect(flood(one, 100)).toBe(60);
    const refused = ask(one);
    expect(refused?.refusal).toMatchObject({
      code: 'rate_limit_exceeded',
      type: 'requests',
      retryAfterSeconds: 1,
      message:
        'The limit of the principal "a" is reached: 60 requests per minute. Come again in 1 s.',
    });
    expect(flood(one, 1, { principal: 'b' })).toBe(1);
    await jest.advanceTimersByTimeAsync(10_000);
    expect(flood(one, 100)).toBe(10);
  });

  it('counts tokens as they are reserved, and as they were used in the end', async () => {
    const [one] = (await proxies(1, only('project', { tokensPerMinute: 1000 }))) as [Limits];
    const ticket = ticketOf(one, { bodyBytes: 400, maxTokens: 700 });
    expect(headerOf(one, 'remaining-tokens')).toBe('199');
    expect(ask(one, { maxTokens: 300 })?.refusal).toMatchObject({ type: 'tokens' });
    ticket.finish(150);
    expect(Number(headerOf(one, 'remaining-tokens'))).toBeCloseTo(848, -1);
  });

  it('counts what was reserved where nobody knows what was used', async () => {
    const limits = { tokensPerMinute: 1000, concurrentRequests: 1 };
    const [one] = (await proxies(1, only('project', limits))) as [Limits];
    const ticket = ticketOf(one, { bodyBytes: 400, maxTokens: 700 });
    ticket.finish(null);
    ticketOf(one, { bodyBytes: 4, maxTokens: 1 }).finish(0);
    expect(headerOf(one, 'remaining-tokens')).toBe('199');
  });

  it('does not wait for what can never be: that many tokens at once', async () => {
    const [one] = (await proxies(1, only('model', { tokensPerMinute: 1000 }))) as [Limits];
    const refusal = ask(one, { maxTokens: 2000 })?.refusal;
    expect(refusal).toMatchObject({ type: 'tokens', retryAfterSeconds: null, param: 'max_tokens' });
    expect(refusal?.message).toContain('may use 1000 at once');
    // What is only estimated is no reason: it takes all there is.
    expect(ask(one, { bodyBytes: 400_000, maxTokens: null })?.refusal).toBeNull();
  });

  it('limits how many are under way', async () => {
    const [one] = (await proxies(1, only('principal', { concurrentRequests: 2 }))) as [Limits];
    const first = ticketOf(one);
    ticketOf(one);
    expect(ask(one)?.refusal?.message).toContain('2 requests at a time');
    first.finish(1);
    expect(ask(one)?.refusal).toBeNull();
  });

  it('names the limit that stands in the way longest, and counts nothing of what it refuses', async () => {
    const rules: LimitRules = {
      ...only('principal', { requestsPerMinute: 60 }),
      scopes: {
        ...only('principal', { requestsPerMinute: 120 }).scopes,
        project: { defaults: { ...noLimits, requestsPerMinute: 6 }, named: new Map() },
      },
    };
    const [one] = (await proxies(1, rules)) as [Limits];
    expect(flood(one, 100)).toBe(6);
    expect(ask(one)).toMatchObject({ scope: 'project', limit: 'requests' });
    expect(ask(one)?.refusal?.message).toContain('project "demo"');
    expect(headerOf(one, 'limit-requests')).toBe('6');
    const elsewhere = { ...route, project: 'other' };
    expect(flood(one, 200, { route: elsewhere })).toBe(6);
  });

  it('takes the tighter of what operator and registration say of a model, as soon as it changes', async () => {
    const [one] = (await proxies(1, only('model', { requestsPerMinute: 20 }))) as [Limits];
    const limits = { ...noLimits, requestsPerMinute: 5 };
    expect(flood(one, 50, { route: { ...route, limits } })).toBe(5);
    expect(flood(one, 50)).toBe(15);
  });

  it('forgets who has been idle, and nobody else', async () => {
    const [one] = (await proxies(1, only('principal', { requestsPerMinute: 600 }))) as [Limits];
    for (let index = 0; index < 5000; index += 1) flood(one, 1, { principal: `p${index}` });
    const ticket = ticketOf(one, { principal: 'busy' });
    expect(one.remembered()).toBe(5001);
    await jest.advanceTimersByTimeAsync(20_000);
    expect(one.remembered()).toBe(1);
    ticket.finish(1);
    await jest.advanceTimersByTimeAsync(20_000);
    expect(one.remembered()).toBe(0);
  });
});

describe('several proxies', () => {
  const load = [0.7, 0.25, 0.05];

  it.each([
    ['evenly', [1 / 3, 1 / 3, 1 / 3]],
    ['unevenly', load],
    ['by way of one alone', [1, 0, 0]],
  ])('keep a limit on requests within 5 %%, used %s', async (_how, parts) => {
    const all = await proxies(3, only('principal', { requestsPerMinute: 6000 }));
    let admitted = 0;
    const seconds = 60;
    for (let ms = 0; ms < seconds * 1000; ms += 50) {
      // Twice as many as are allowed.
      for (const [index, one] of all.entries()) {
        const wanted = 10 * (parts[index] ?? 0);
        const count = Math.floor(wanted) + (Math.random() < wanted % 1 ? 1 : 0);
        admitted += flood(one, count);
      }
      await jest.advanceTimersByTimeAsync(50);
    }
    const allowed = 6000 + 100 * seconds;
    expect(admitted / allowed).toBeGreaterThan(0.95);
    expect(admitted / allowed).toBeLessThan(1.05);
  });

  it('let no more through at once than one would, wherever it comes', async () => {
    const all = await proxies(3, only('project', { requestsPerMinute: 600 }));
    const admitted = all.map((one) => flood(one, 1000)).reduce((sum, one) => sum + one);
    expect(admitted).toBeLessThanOrEqual(600 * 1.05);
  });

  it('keep a limit on what is under way', async () => {
    const all = await proxies(3, only('model', { concurrentRequests: 100 }));
    const tickets: Ticket[] = [];
    for (let round = 0; round < 20; round += 1) {
      for (const [index, one] of all.entries())
        tickets.push(...admitted(one, Math.ceil((load[index] ?? 0) * 100)));
      await jest.advanceTimersByTimeAsync(everyMs);
    }
    expect(tickets.length).toBeGreaterThanOrEqual(95);
    expect(tickets.length).toBeLessThanOrEqual(105);
    for (const ticket of tickets.splice(0)) ticket.finish(1);
    await jest.advanceTimersByTimeAsync(1000);
    expect(flood(all[0] as Limits, 30)).toBe(30);
  });

  it('each go by an equal part while the board is away', async () => {
    const all = await proxies(3, only('principal', { requestsPerMinute: 6000 }));
    board.failing = 'before';
    await jest.advanceTimersByTimeAsync(4000);
    for (const one of all) expect(flood(one, 10_000)).toBe(2000);
    for (let second = 0; second < 30; second += 1) {
      await jest.advanceTimersByTimeAsync(1000);
      for (const one of all) expect(Math.round(flood(one, 1000) / 10)).toBe(3);
    }
  });

  it('are right again when the board is back', async () => {
    const all = await proxies(3, only('principal', { requestsPerMinute: 6000 }));
    board.failing = 'before';
    await busy(all, 20_000);
    board.failing = 'no';
    await busy(all, 3000);
    const after = await busy(all, 20_000);
    expect(after / 2000).toBeGreaterThan(0.95);
    expect(after / 2000).toBeLessThan(1.05);
  });

  it('count what they told once, whether the answer was lost or the question', async () => {
    const [one, other] = (await proxies(2, only('principal', { requestsPerMinute: 60 }))) as [
      Limits,
      Limits,
    ];
    for (const how of ['after', 'before'] as const) {
      board.failing = how;
      expect(flood(one, 5)).toBe(5);
      await jest.advanceTimersByTimeAsync(600);
      board.failing = 'no';
      await jest.advanceTimersByTimeAsync(600);
    }
    const { level = 0 } = board.levels.get('principal:a:requests') ?? {};
    expect(level).toBeGreaterThan(6);
    expect(level).toBeLessThanOrEqual(10);
    expect(flood(other, 100)).toBeLessThanOrEqual(54);
  });

  it('say little while nothing is used', async () => {
    await proxies(1, only('principal', { requestsPerMinute: 60 }));
    const before = board.calls;
    await jest.advanceTimersByTimeAsync(10_000);
    expect(board.calls - before).toBeLessThanOrEqual(11);
  });
});
