import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  defaultLimitRules,
  type LimitRules,
  noLimits,
  type RequestLimits,
} from '@wakefield/domain';
import { createLimitBoard, openRedis } from '@wakefield/queue';
import { createLogger } from '@wakefield/runtime';
import { captureLog, type PrivateRedis, privateRedis } from '@wakefield/testkit';
import { until } from '../../test/harness.ts';
import { asleep } from '../../test/world.ts';
import { createLimits, type Limits } from './limits.ts';

const route = asleep('a/b');
const log: string[] = [];
const logger = createLogger({
  service: 'proxy',
  level: 'info',
  destination: { write: (line) => void log.push(line) },
});

let redis: PrivateRedis;
let open: { close(): Promise<unknown> }[] = [];
/** Another one for each test: what it used is its own. */
let principal = '';
beforeAll(async () => {
  redis = await privateRedis();
}, 60_000);
afterAll(() => redis.cleanup());
beforeEach(() => {
  principal = randomUUID();
  open = [];
  log.length = 0;
});
afterEach(async () => {
  for (const one of open.toReversed()) await one.close();
});

const rulesOf = (limits: Partial<RequestLimits>): LimitRules => ({
  ...defaultLimitRules,
  burstMs: 5000,
  scopes: {
    ...defaultLimitRules.scopes,
    principal: { defaults: { ...noLimits, ...limits }, named: new Map() },
  },
});

/** Three proxies, each with a connection of its own, that know of each other. */
async function threeProxies(limits: Partial<RequestLimits>): Promise<Limits[]> {
  const all = await Promise.all(
    ['p1', 'p2', 'p3'].map(async (proxyId) => {
      const { url, installation } = redis;
      const access = await openRedis({ url, installation, log: captureLog() });
      const one = createLimits({
        rules: rulesOf(limits),
        board: createLimitBoard(access),
        proxyId,
        elapsed: () => performance.now(),
        everyMs: 250,
        logger,
      });
      open.push({ close: () => access.close() }, one);
      one.start();
      return one;
    }),
  );
  await until('all know of each other', () => all.every((one) => one.proxies() === 3), 20_000);
  return all;
}

/** @returns whether it got in; it ends at once, with so many tokens */
function ask(limits: Limits, tokens: number, used = tokens): boolean {
  const admission = limits.admit({
    principal,
    route,
    bodyBytes: 0,
    maxTokens: tokens,
    answers: true,
  });
  if (admission === null || admission.refusal !== null) return false;
  admission.ticket.finish(used);
  return true;
}

/** More than is allowed, unevenly spread, for so long. @returns what got in, and how long it was in all */
async function overload(all: readonly Limits[], lengthMs: number, tokens: number, used = tokens) {
  const parts = [0.7, 0.25, 0.05];
  const startedAt = performance.now();
  let admitted = 0;
  let sent = [0, 0, 0];
  while (performance.now() - startedAt < lengthMs) {
    const passed = performance.now() - startedAt;
    // Three hundred a second: three times what is allowed.
    sent = sent.map((before, index) => {
      const due = Math.floor((passed / 1000) * 300 * (parts[index] ?? 0));
      const one = all[index];
      for (let count = before; count < due; count += 1)
        if (one !== undefined && ask(one, tokens, used)) admitted += 1;
      return due;
    });
    await wait(5);
  }
  return { admitted, lengthMs: performance.now() - startedAt };
}

/** @returns how many get in now */
function takeAll(limits: Limits): number {
  let count = 0;
  while (ask(limits, 1)) count += 1;
  return count;
}

/** Takes from each whatever there is, again and again. @returns how much of each, and for how long */
async function takeFor(all: readonly Limits[], lengthMs: number) {
  const startedAt = performance.now();
  const counts = all.map(() => 0);
  while (performance.now() - startedAt < lengthMs) {
    for (const [index, one] of all.entries()) counts[index] = (counts[index] ?? 0) + takeAll(one);
    await wait(5);
  }
  return { counts, lengthMs: performance.now() - startedAt };
}

describe('three proxies on one Redis', () => {
  it('keep a limit on requests within 5 %, unevenly used', async () => {
    const all = await threeProxies({ requestsPerMinute: 6000 });
    const { admitted, lengthMs } = await overload(all, 8000, 1);
    const allowed = 500 + lengthMs / 10;
    expect(admitted / allowed).toBeGreaterThan(0.95);
    expect(admitted / allowed).toBeLessThan(1.05);
  }, 60_000);

  it('keep a limit on tokens within 5 %, by what was used of what was reserved', async () => {
    const all = await threeProxies({ tokensPerMinute: 600_000 });
    const { admitted, lengthMs } = await overload(all, 8000, 400, 100);
    const allowed = 50_000 + 10 * lengthMs;
    expect((admitted * 100) / allowed).toBeGreaterThan(0.95);
    expect((admitted * 100) / allowed).toBeLessThan(1.05);
  }, 60_000);

  it('go by equal parts while Redis is away, never wait for it, and share again when it is back', async () => {
    const all = await threeProxies({ requestsPerMinute: 6000 });
    await overload(all, 1500, 1);
    redis.freeze();
    await wait(4000);
    // Whatever was left over has been used, and each has its part of what comes.
    for (const one of all) takeAll(one);
    const { counts, lengthMs } = await takeFor(all, 3000);
    for (const count of counts)
      expect(Math.abs((count * 1000) / lengthMs - 100 / 3)).toBeLessThan(3);
    redis.thaw();
    const lines = (text: string) => log.filter((line) => line.includes(text)).length;
    await until('they share again', () => lines('limits are shared again') === 3, 10_000);
    expect(lines('limits are not shared')).toBe(3);
    for (const one of all) expect(one.proxies()).toBe(3);
  }, 60_000);

  it('stay out of the way of one another: a proxy that goes leaves its part', async () => {
    const [one, ...others] = await threeProxies({ concurrentRequests: 30 });
    for (const other of others) await other.close();
    await until('it is alone', () => one?.proxies() === 1, 20_000);
    const tickets = Array.from({ length: 40 }, () =>
      one?.admit({ principal, route, bodyBytes: 0, maxTokens: 1, answers: true }),
    );
    expect(tickets.filter((ticket) => ticket?.refusal === null)).toHaveLength(30);
  }, 60_000);
});
