import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { DemandBoard } from '@wakefield/control';
import type { ModelDemand, TotalDemand } from '@wakefield/domain';
import { demandOf, openQueueFixture, type QueueFixture, until } from '@wakefield/testkit';
import { createDemandBoard, type DemandBoardOptions } from './demand-board.ts';
import { openRedis } from './redis-access.ts';

let fixture: QueueFixture;
beforeEach(async () => {
  fixture = await openQueueFixture();
});
afterEach(() => fixture.close());

const load = (running: number, held: number, lastRequestAt = 1000): ModelDemand => ({
  running,
  held,
  average: running + held,
  peak: running + held,
  lastRequestAt,
  runningByJob: running > 0 ? { j1: running } : {},
});
const none: TotalDemand = {
  isWhole: true,
  running: 0,
  held: 0,
  average: 0,
  peak: 0,
  lastRequestAt: null,
  runningByJob: {},
};
const of = (...models: [string, ModelDemand][]) => ({ models: new Map(models) });

/** A board that does not wait for others to speak first. */
const settled = (options: DemandBoardOptions = {}) =>
  createDemandBoard(fixture.redis, { settleMs: 0, ...options });

/** The running counts that a board tells one after the other until it tells this one. */
async function changes(board: DemandBoard, modelId: string, last: number) {
  const told: (number | null)[] = [];
  await until(async () => {
    const running = (await demandOf(board, modelId))?.running ?? null;
    if (told.at(-1) !== running) told.push(running);
    return running === last;
  });
  return told;
}

describe('demand board', () => {
  test('nobody there is unknown; somebody there without load is zero', async () => {
    const board = settled();
    expect(await demandOf(board, 'm1')).toBeNull();
    await board.publish('p1', of());
    expect(await demandOf(board, 'm1')).toEqual(none);
  });

  test('sums over proxies, and a newer word replaces the older', async () => {
    const p1 = settled();
    const p2 = settled();
    await p1.publish('p1', of(['m1', load(2, 1, 50)]));
    await p2.publish('p2', of(['m1', load(1, 0, 70)], ['m2', load(0, 4)]));
    expect(await demandOf(p1, 'm1')).toEqual({
      isWhole: true,
      running: 3,
      held: 1,
      average: 4,
      peak: 4,
      lastRequestAt: 70,
      runningByJob: { j1: 3 },
    });
    await p2.publish('p2', of(['m1', load(0, 0, 90)]));
    expect(await demandOf(p1, 'm1')).toMatchObject({ running: 2, held: 1, lastRequestAt: 90 });
    expect(await demandOf(p1, 'm2')).toMatchObject({ held: 0 });
  });

  test('a proxy of an older release that tells no average and no peak counts with what it has now', async () => {
    const board = settled();
    const { average: _, peak: __, ...older } = load(2, 1, 50);
    await board.publish('p1', of(['m1', older as ModelDemand]));
    await board.publish('p2', of(['m1', { ...load(1, 0), average: 7, peak: 8 }]));
    expect(await demandOf(board, 'm1')).toMatchObject({
      running: 3,
      held: 1,
      average: 10,
      peak: 11,
    });
  });

  test('tells many models in one round trip', async () => {
    const board = settled();
    expect(await board.readMany(['m1'])).toBeNull();
    await board.publish('p1', of(['m1', load(2, 0, 50)]));
    await board.publish('p2', of(['m1', load(1, 0, 40)], ['m2', load(0, 3, 70)]));
    expect(await board.readMany(['m1', 'm2', 'm3'])).toEqual(
      new Map([
        ['m1', { ...load(3, 0, 50), isWhole: true }],
        ['m2', { ...load(0, 3, 70), isWhole: true }],
        ['m3', none],
      ]),
    );
    expect(await board.readMany([])).toEqual(new Map());
  });

  test('the last request survives the load, and the end of its counting', async () => {
    const board = settled({ rememberModels: 2 });
    await board.publish('p1', of(['m1', load(1, 0, 50)]));
    await board.publish('p1', of());
    expect(await demandOf(board, 'm1')).toEqual({ ...none, lastRequestAt: 50 });
    await board.publish('p1', of(['m2', load(1, 0, 60)], ['m3', load(1, 0, 70)]));
    await board.publish('p1', of());
    expect(await demandOf(board, 'm1')).toEqual(none);
    expect(await demandOf(board, 'm3')).toEqual({ ...none, lastRequestAt: 70 });
  });

  test('a proxy that falls silent expires, one that leaves is gone at once', async () => {
    const short = settled({ expiryMs: 1000, graceMs: 0 });
    const long = settled();
    await short.publish('p1', of(['m1', load(5, 0)]));
    await long.publish('p2', of(['m1', load(1, 0)]));
    expect(await demandOf(long, 'm1')).toMatchObject({ running: 6 });
    await until(async () => (await demandOf(long, 'm1'))?.running === 1);
    await long.withdraw('p2');
    expect(await demandOf(long, 'm1')).toBeNull();
    expect(await fixture.redis.produce.exists(`${fixture.redis.prefix}:proxies`)).toBe(0);
  });

  /** Says words until Redis knows that their proxy listens. */
  const publishShown = (board: DemandBoard, proxyId: string, words: ReturnType<typeof of>) =>
    until(async () => {
      await board.publish(proxyId, words);
      return (await fixture.redis.produce.get(markOf(proxyId))) === 'shown';
    });
  const markOf = (proxyId: string) => `${fixture.redis.prefix}:demand-missed:${proxyId}`;
  const listening = async (proxyId: string) => {
    const channel = `${fixture.redis.prefix}:proxy:${proxyId}`;
    return (await fixture.redis.produce.pubsub('NUMSUB', channel))[1] !== 0;
  };
  const another = ({ url, installation, log } = fixture) => openRedis({ url, installation, log });

  test('a proxy that dies leaves the sum within seconds: nobody stands still without a connection', async () => {
    const access = await another();
    const dying = createDemandBoard(access, { settleMs: 0, expiryMs: 2000 });
    const board = settled({ returnMs: 200 });
    await board.publish('p2', of(['m1', load(1, 0)]));
    await publishShown(dying, 'p1', of(['m1', load(5, 0)]));
    expect(await demandOf(board, 'm1')).toMatchObject({ running: 6 });
    await access.close();
    expect((await changes(board, 'm1', 1)).slice(-2)).toEqual([null, 1]);
  });

  test('one that stands still keeps its connection, and is waited for', async () => {
    const silent = settled({ expiryMs: 200, graceMs: 1500 });
    const board = settled({ returnMs: 100 });
    await board.publish('p2', of(['m1', load(1, 0)]));
    await publishShown(silent, 'p1', of());
    const since = performance.now();
    await silent.publish('p1', of(['m1', load(5, 0)]));
    expect((await changes(board, 'm1', 1)).slice(-2)).toEqual([null, 1]);
    expect(performance.now() - since).toBeGreaterThan(1600);
  });

  test('so is one of an older release, of which nobody knows whether it lives', async () => {
    const access = await another();
    const older = createDemandBoard(access, { settleMs: 0, expiryMs: 200 });
    const board = settled({ returnMs: 100 });
    await board.publish('p2', of(['m1', load(1, 0)]));
    await older.publish('p1', of(['m1', load(5, 0)]));
    await access.close();
    await until(async () => !(await listening('p1')));
    const since = performance.now();
    await fixture.redis.produce.set(markOf('p1'), '1', 'PX', 1500);
    expect((await changes(board, 'm1', 1)).slice(-2)).toEqual([null, 1]);
    expect(performance.now() - since).toBeGreaterThan(1400);
  });

  test('one that may not listen is told of, and never taken for dead', async () => {
    const { log, installation } = fixture;
    const { produce } = fixture.redis;
    const user = `mute-${installation}`;
    await produce.acl('SETUSER', user, 'on', 'nopass', '~*', '+@all', 'resetchannels');
    try {
      const url = new URL(fixture.url);
      [url.username, url.password] = [user, 'any'];
      const access = await openRedis({ url: url.href, installation, log });
      const mute = createDemandBoard(access, { settleMs: 0 });
      await mute.publish('p1', of());
      await until(() => log.lines.some((line) => JSON.stringify(line).includes('SUBSCRIBE')));
      await mute.publish('p1', of());
      expect(await produce.get(markOf('p1'))).toBe('1');
      await access.close();
    } finally {
      await produce.acl('DELUSER', user);
    }
  });

  test('one that was cut off from Redis and comes back in time was never missing', async () => {
    const { url, installation, log } = fixture;
    const before = await openRedis({ url, installation, log });
    const board = settled({ returnMs: 60_000 });
    await createDemandBoard(before, { settleMs: 0, expiryMs: 100 }).publish(
      'p1',
      of(['m1', load(5, 0)]),
    );
    await board.publish('p2', of(['m1', load(1, 0)]));
    await before.close();
    await until(async () => (await demandOf(board, 'm1')) === null);
    await settled().publish('p1', of(['m1', load(5, 0)]));
    expect(await demandOf(board, 'm1')).toMatchObject({ running: 6 });
  });

  test('a proxy that falls silent without a word leaves a part of the sum for a while', async () => {
    const silent = settled({ expiryMs: 200, graceMs: 400 });
    const board = settled();
    await silent.publish('p1', of(['m1', load(5, 0)]));
    await board.publish('p2', of(['m1', load(1, 3)]));
    await until(async () => (await board.readMany(['m1']))?.get('m1')?.isWhole === false);
    // Of those that speak, for what can be decided on a part.
    expect((await board.readMany(['m1']))?.get('m1')).toMatchObject({ running: 1, held: 3 });
    expect((await changes(board, 'm1', 1)).slice(-2)).toEqual([null, 1]);
    await silent.publish('p1', of(['m1', load(5, 0)]));
    await silent.withdraw('p1');
    expect(await demandOf(board, 'm1')).toMatchObject({ running: 1 });
  });

  test('the first words after a loss are a part for as long as others may not have spoken', async () => {
    const board = createDemandBoard(fixture.redis, { settleMs: 300 });
    await board.publish('p1', of(['m1', load(1, 0)]));
    expect(await demandOf(board, 'm1')).toBeNull();
    await board.publish('p2', of(['m1', load(2, 0)]));
    const early = (await board.readMany(['m1']))?.get('m1');
    expect(early).toEqual({ ...load(3, 0), isWhole: false });
    await until(async () => (await demandOf(board, 'm1'))?.running === 3);
  });

  test('is right again after one write when Redis has lost its keys', async () => {
    const board = settled();
    await board.publish('p1', of(['m1', load(1, 0, 50)], ['m2', load(0, 0, 40)]));
    const { produce, prefix } = fixture.redis;
    await produce.del(`${prefix}:proxies`, `${prefix}:demand:p1`);
    expect(await demandOf(board, 'm1')).toBeNull();
    await board.publish('p1', of(['m1', load(1, 0, 50)]));
    expect(await demandOf(board, 'm1')).toMatchObject({ running: 1 });
    expect(await demandOf(board, 'm2')).toEqual({ ...none, lastRequestAt: 40 });
  });
});
