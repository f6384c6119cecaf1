import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { LogBoard, LogClaim, LogNews, LogPiece } from '@wakefield/control';
import { openQueueFixture, type QueueFixture, until } from '@wakefield/testkit';
import { createLogBoard } from './log-board.ts';

let fixture: QueueFixture;
let board: LogBoard;
beforeEach(async () => {
  fixture = await openQueueFixture();
  board = createLogBoard(fixture.redis, { mostBytes: 16 });
});
afterEach(() => fixture.close());

const news = (over: Partial<LogNews> = {}): LogNews => ({
  at: 5,
  piece: null,
  isOver: false,
  failure: null,
  ...over,
});
const piece = (from: number, text: string | Buffer, source: LogPiece['source'] = 'job') => ({
  source,
  from,
  bytes: Buffer.from(text),
});

async function claimed(): Promise<LogClaim> {
  let claim: LogClaim | null = null;
  await until(async () => {
    claim = await board.claim('j', 60_000);
    return claim !== null;
  });
  return claim as unknown as LogClaim;
}

/** Told by whoever had the right to; somebody else may have it a moment later. */
async function tell(change: Partial<LogNews>): Promise<LogClaim> {
  const claim = await claimed();
  await board.tell('j', claim, news(change), 1);
  return claim;
}

async function known(from: number | null = null, bytes = 100) {
  const read = await board.read('j', from, bytes);
  return read === null ? null : { ...read, bytes: read.bytes.toString() };
}

describe('the right to read', () => {
  test('is one’s alone until it is told what came, and for a pause behind that', async () => {
    const boards = Array.from({ length: 20 }, () => createLogBoard(fixture.redis));
    const claims = await Promise.all(boards.map((one) => one.claim('j', 60_000)));
    const granted = claims.filter((claim) => claim !== null);
    expect(granted).toHaveLength(1);
    expect(await board.claim('other', 60_000)).not.toBeNull();
    expect(await board.read('j', null, 100)).toBeNull();
    await board.tell('j', granted[0] as LogClaim, news(), 60_000);
    expect(await board.claim('j', 60_000)).toBeNull();
    expect(await known()).toMatchObject({ isFresh: true, source: null, readAt: 5, bytes: '' });
  });

  test('of whoever dies ends, and what they tell later is not heard', async () => {
    const dead = (await board.claim('j', 20)) as LogClaim;
    await tell({ piece: piece(0, 'new') });
    await board.tell('j', dead, news({ piece: piece(0, 'old') }), 1);
    expect((await known())?.bytes).toBe('new');
  });
});

describe('what is known', () => {
  test('grows with each read, and is what is behind an offset', async () => {
    expect((await tell({ piece: piece(100, 'one\n') })).known).toBe(0);
    expect((await tell({ piece: piece(104, 'two\n') })).known).toBe(104);
    expect((await tell({ piece: piece(108, '') })).known).toBe(108);
    const all = { source: 'job', from: 100, to: 108, at: 100, bytes: 'one\ntwo\n' };
    expect(await known()).toMatchObject({ ...all, isOver: false, failure: null });
    expect(await known(104)).toMatchObject({ at: 104, bytes: 'two\n' });
    expect(await known(104, 2)).toMatchObject({ at: 104, bytes: 'tw' });
    expect(await known(null, 3)).toMatchObject({ at: 105, bytes: 'wo\n' });
    expect(await known(null, 0)).toMatchObject({ to: 108, bytes: '' });
    expect(await known(108)).toMatchObject({ at: 108, bytes: '' });
    // Of what is gone by or was another log, all that is there.
    expect(await known(50)).toMatchObject({ at: 100, bytes: 'one\ntwo\n' });
    expect(await known(109)).toMatchObject({ at: 100, bytes: 'one\ntwo\n' });
  });

  test('is the end of it, whatever bytes they are', async () => {
    const odd = Buffer.from([0, 0xff, 0x0d, 0x0a, 0xe2, 0x82]);
    await tell({ piece: piece(0, '0123456789abcdefghijklm') });
    await tell({ piece: piece(23, Buffer.concat([odd, Buffer.from('abcd')])) });
    const read = await board.read('j', null, 100);
    expect(read).toMatchObject({ from: 17, to: 33, at: 17 });
    expect(read?.bytes).toEqual(Buffer.concat([Buffer.from('hijklm'), odd, Buffer.from('abcd')]));
  });

  test('is cut seldom: who follows a long log makes Redis write what is new', async () => {
    const begins = new Set<number>();
    for (let at = 0; at < 160; at += 4) {
      await tell({ piece: piece(at, `${at}`.padEnd(4)) });
      const { from, to, bytes } = (await known()) ?? { from: 0, to: 0, bytes: '' };
      expect([to, bytes.length]).toEqual([at + 4, to - from]);
      expect(bytes.length).toBeGreaterThanOrEqual(Math.min(16, to));
      expect(bytes.length).toBeLessThanOrEqual(32);
      begins.add(from);
    }
    // Each cut takes away more than 16 of 160 bytes.
    expect(begins.size).toBeLessThan(10);
  });

  test('is replaced where it does not go on: by another log, or one that ran ahead', async () => {
    await tell({ piece: piece(0, 'one') });
    await tell({ piece: piece(90, 'far') });
    expect(await known()).toMatchObject({ from: 90, to: 93, bytes: 'far' });
    await tell({ piece: piece(0, 'new') });
    expect(await known()).toMatchObject({ from: 0, to: 3, bytes: 'new' });
  });

  test('of the batch system is asked for whole each time', async () => {
    await tell({ piece: piece(0, 'no such', 'batch') });
    expect((await tell({ piece: piece(0, 'no such file', 'batch') })).known).toBe(0);
    expect(await known()).toMatchObject({ source: 'batch', bytes: 'no such file' });
    expect((await tell({ piece: piece(0, 'a log') })).known).toBe(0);
    expect(await known()).toMatchObject({ source: 'job', bytes: 'a log' });
  });

  test('stays known while the cluster is silent, and is told with it', async () => {
    await tell({ piece: piece(0, 'one') });
    await tell({ failure: 'cluster here: silent', at: 9 });
    const failed = { failure: 'cluster here: silent', readAt: 5, bytes: 'one', source: 'job' };
    expect(await known()).toMatchObject(failed);
    await tell({ isOver: true, at: 10 });
    expect(await known()).toMatchObject({ failure: null, readAt: 10, isOver: true, bytes: 'one' });
  });

  test('is forgotten a while after the last read', async () => {
    board = createLogBoard(fixture.redis, { lifeMs: 200 });
    await tell({ piece: piece(0, 'one') });
    await tell({ piece: piece(3, 'two') });
    expect(await known()).toMatchObject({ bytes: 'onetwo' });
    await until(async () => (await known()) === null);
    const { produce, prefix } = fixture.redis;
    expect(await produce.keys(`${prefix}:log*`)).toEqual([]);
  });
});

test('nudges of a log that is waited for or read are none', async () => {
  const { nudges } = fixture;
  const { runs, release } = fixture.consumeHeld('logs', ['log']);
  await nudges.log('j');
  await until(() => runs.length === 1);
  for (let i = 0; i < 3; i += 1) await nudges.log('j');
  await nudges.log('k');
  await until(() => runs.length === 2);
  release();
  await fixture.idle('logs');
  expect(runs).toEqual(['log j', 'log k']);
  await nudges.log('j');
  await until(() => runs.length === 3);
});
