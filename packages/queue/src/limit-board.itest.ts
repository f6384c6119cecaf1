import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { LevelReport, LimitReport } from '@wakefield/control';
import { openQueueFixture, type QueueFixture, until } from '@wakefield/testkit';
import { createLimitBoard, type LimitBoardOptions } from './limit-board.ts';

let fixture: QueueFixture;
beforeEach(async () => {
  fixture = await openQueueFixture();
});
afterEach(() => fixture.close());

const board = (options?: LimitBoardOptions) => createLimitBoard(fixture.redis, options);
const level = (used: number, over: Partial<LevelReport> = {}): LevelReport => ({
  key: 'principal:a:requests',
  perMs: 1e-9,
  used,
  known: 0,
  ...over,
});
const report = (seq: number, over: Partial<LimitReport>): LimitReport => ({
  seq,
  levels: [],
  counts: [],
  ...over,
});
const keys = async () =>
  (await fixture.redis.produce.keys(`${fixture.redis.prefix}:limit*`)).toSorted();

describe('limit board', () => {
  test('sums over proxies what is used, in the order of the report', async () => {
    const one = board();
    await one.exchange('p1', report(1, { levels: [level(3), level(0.5, { key: 'b' })] }));
    const told = await one.exchange(
      'p2',
      report(1, { levels: [level(4, { key: 'b' }), level(2)] }),
    );
    expect(told.proxies).toBe(2);
    expect(told.levels[0]).toBeCloseTo(4.5, 4);
    expect(told.levels[1]).toBeCloseTo(5, 4);
    expect((await one.exchange('p1', report(2, {}))).levels).toEqual([]);
  });

  test('counts a report once, however often it comes', async () => {
    const one = board();
    const sent = report(7, { levels: [level(3)] });
    await one.exchange('p1', sent);
    expect((await one.exchange('p1', sent)).levels[0]).toBeCloseTo(3, 4);
    expect((await one.exchange('p1', { ...sent, seq: 8 })).levels[0]).toBeCloseTo(6, 4);
  });

  test('levels fall with the time of Redis, and their keys go when they are down', async () => {
    const one = board();
    await one.exchange('p1', report(1, { levels: [level(50, { perMs: 0.1 })] }));
    const at = performance.now();
    const later = await one.exchange('p1', report(2, { levels: [level(0, { perMs: 0.1 })] }));
    expect(later.levels[0]).toBeLessThanOrEqual(50);
    expect(later.levels[0]).toBeGreaterThan(50 - 0.1 * (performance.now() - at + 50));
    const name = `${fixture.redis.prefix}:limit:principal:a:requests`;
    await until(async () => !(await keys()).includes(name), 3000);
  });

  test('a level that would take ages to fall keeps nobody else from being counted', async () => {
    const one = board();
    const levels = [level(1e18, { perMs: 1e-6 }), level(2, { key: 'b' })];
    expect((await one.exchange('p1', report(1, { levels }))).levels[1]).toBeCloseTo(2, 4);
  });

  test('gives back what was not used, down to nothing', async () => {
    const one = board();
    await one.exchange('p1', report(1, { levels: [level(10)] }));
    expect((await one.exchange('p1', report(2, { levels: [level(-4)] }))).levels[0]).toBeCloseTo(
      6,
      4,
    );
    expect((await one.exchange('p1', report(3, { levels: [level(-9)] }))).levels).toEqual([0]);
  });

  test('after a loss of its data it believes what proxies knew', async () => {
    const one = board();
    await one.exchange('p1', report(1, { levels: [level(40)] }));
    await fixture.redis.produce.del(...(await keys()));
    const told = await one.exchange('p1', report(2, { levels: [level(1, { known: 40 })] }));
    expect(told.levels[0]).toBeCloseTo(41, 4);
    const other = await one.exchange('p2', report(9, { levels: [level(1, { known: 40 })] }));
    expect(other.levels[0]).toBeCloseTo(42, 4);
  });

  test('tells what others have under way, until they say something else, or nothing', async () => {
    const one = board({ countLifeMs: 200 });
    const count = (of: number) => ({ counts: [{ key: 'principal:a:running', count: of }] });
    await one.exchange('p1', report(1, count(3)));
    await one.exchange('p2', report(1, count(4)));
    expect((await one.exchange('p3', report(1, count(0)))).others).toEqual([7]);
    expect((await one.exchange('p1', report(2, count(1)))).others).toEqual([4]);
    await one.exchange('p2', report(2, count(0)));
    expect((await one.exchange('p3', report(2, count(2)))).others).toEqual([1]);
    // p1 falls silent; p3 goes on.
    let seq = 3;
    await until(async () => (await one.exchange('p3', report(seq++, count(2)))).others[0] === 0);
  });

  test('counts the proxies that report, and no longer those that left or fell silent', async () => {
    const one = board({ aliveMs: 200 });
    for (const id of ['p1', 'p2', 'p3']) await one.exchange(id, report(1, {}));
    await one.withdraw('p2', []);
    expect((await one.exchange('p1', report(2, {}))).proxies).toBe(2);
    let seq = 3;
    await until(async () => (await one.exchange('p1', report(seq++, {}))).proxies === 1);
  });

  test('forgets at once what a proxy that leaves had under way, and nothing else', async () => {
    const one = board();
    const counts = ['a', 'b'].map((key) => ({ key, count: 3 }));
    for (const id of ['p1', 'p2']) await one.exchange(id, report(1, { counts }));
    await one.withdraw('p1', ['a', 'b', 'never told']);
    expect((await one.exchange('p3', report(1, { counts }))).others).toEqual([3, 3]);
    await one.withdraw('p2', ['a']);
    expect((await one.exchange('p3', report(2, { counts }))).others).toEqual([0, 3]);
  });

  test('leaves nothing behind that does not expire', async () => {
    const one = board({ aliveMs: 300, countLifeMs: 300 });
    await one.exchange('p1', {
      seq: 1,
      levels: [level(5, { perMs: 0.1 })],
      counts: [{ key: 'principal:a:running', count: 2 }],
    });
    const all = await keys();
    expect(all).toHaveLength(4);
    for (const key of all) expect(await fixture.redis.produce.pttl(key)).toBeGreaterThan(0);
  });

  test('takes a thousand limits in one report', async () => {
    const levels = Array.from({ length: 1000 }, (_, index) => level(1, { key: `k${index}` }));
    const told = await board().exchange('p1', report(1, { levels }));
    expect(told.levels).toHaveLength(1000);
  });
});
