import { describe, expect, it } from '@jest/globals';
import { until } from '../../test/harness.ts';
import { Listener } from '../../test/listener.ts';
import { noLimits, over, usePool } from '../../test/pool-scene.ts';
import { ConnectionPool } from './connection-pool.ts';
import { EngineTimeoutError } from './engine-timeout.ts';

const scene = usePool();
const head = 'HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n';
/** Lets time pass, as far as the pool can tell. */
const pass = (ms: number): void => {
  scene().now += ms;
  scene().pool.sweep();
};
const limitOf = ({ error }: Listener) =>
  error instanceof EngineTimeoutError ? [error.limit, error.afterMs] : error;

describe('an engine that takes its time', () => {
  it('has so long to the first byte of its answer, whatever head it has sent', async () => {
    scene().limits = { ...noLimits, firstByteMs: 1000 };
    const listener = scene().post();
    const line = await scene().asked(0);
    pass(600);
    line.say(head);
    await until('begun', () => listener.status === 200);
    pass(399);
    expect(listener.over).toBe(false);
    pass(1);
    expect(limitOf(listener)).toEqual(['first_byte', 1000]);
    await until('told to stop', line.ended);
    expect(scene().pool.underWay.size).toBe(0);
  });

  it('has so long from one piece to the next, and as long as it takes to the first', async () => {
    scene().limits = { ...noLimits, betweenBytesMs: 1000 };
    const listener = scene().post();
    const line = await scene().asked(0);
    pass(100_000);
    line.say(`${head}a`);
    await until('begun', () => listener.body === 'a');
    for (const letter of 'bc') {
      // It is seen here that something came.
      pass(0);
      pass(999);
      line.say(letter);
      await until('one more', () => listener.body.endsWith(letter));
    }
    pass(0);
    pass(1000);
    expect(limitOf(listener)).toEqual(['between_bytes', 1000]);
    await until('told to stop', line.ended);
  });

  it('is not told that it takes long while it waits for its client', async () => {
    scene().limits = { ...noLimits, betweenBytesMs: 1000 };
    const listener = new Listener();
    listener.onPiece = (control) => {
      if (listener.pieces === 1) control.pause();
    };
    scene().post({}, listener);
    const line = await scene().asked(0);
    line.say(`${head}abc`);
    await until('paused', () => listener.control?.paused === true);
    pass(100_000);
    listener.control?.resume();
    pass(999);
    line.say('def');
    expect(await over(listener)).toMatchObject({ body: 'abcdef', ended: true });
  });

  it('is nothing to whoever has no limits', async () => {
    const listener = scene().post();
    const line = await scene().asked(0);
    pass(10_000_000_000);
    line.say(`${head}a`);
    await until('begun', () => listener.body === 'a');
    pass(10_000_000_000);
    line.say('bcdef');
    expect((await over(listener)).ended).toBe(true);
  });
});

describe('a connection that does not come about', () => {
  it('is given up for its request at once, even where nobody stops dialling', async () => {
    let connected: (() => void) | null = null;
    const pool = new ConnectionPool(
      ' HTTP/1.1\r\nhost: x\r\n',
      (outcome) => {
        connected = () => outcome.failed(new Error('after all'));
        return () => undefined;
      },
      () => scene().now,
    );
    scene().pool = pool;
    scene().limits = { ...noLimits, connectMs: 1000 };
    const listener = scene().post();
    pass(999);
    expect(listener.over).toBe(false);
    pass(1);
    expect(limitOf(listener)).toEqual(['connect', 1000]);
    expect(listener.control).toBeNull();
    expect(connected).not.toBeNull();
    // What is heard of it later is nobody's.
    (connected as (() => void) | null)?.();
    let empty = false;
    pool.retire(() => {
      empty = true;
    });
    expect(empty).toBe(true);
  });
});
