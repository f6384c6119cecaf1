import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import type { Transport } from '@wakefield/control';
import { answerOf, type Line, startBareEngine } from '../../test/bare-engine.ts';
import { until } from '../../test/harness.ts';
import { over, usePool } from '../../test/pool-scene.ts';
import { ConnectionPool } from './connection-pool.ts';
import { createDialer } from './dial.ts';

const scene = usePool();

describe('a connection that was of use', () => {
  it('is used again, the last one first', async () => {
    const both = [scene().post(), scene().post()];
    for (const index of [0, 1]) {
      (await scene().asked(index)).say(answerOf('ok'));
      await until('one more', () => both.filter((listener) => listener.over).length === index + 1);
    }
    await scene().exchange(1, 2);
    expect(scene().engine.lines).toHaveLength(2);
  });

  it('is closed after four seconds', async () => {
    await scene().exchange(0, 1);
    scene().now += 3999;
    scene().pool.sweep();
    await scene().exchange(0, 2);
    scene().now += 4000;
    scene().pool.sweep();
    await until('closed', () => scene().engine.lines[0]?.ended() === true);
  });

  it('is not used after four seconds, although nobody could look at it meanwhile', async () => {
    await scene().exchange(0, 1);
    // A process that was stopped.
    scene().now += 20_000;
    await scene().exchange(1, 1);
    await until('closed', () => scene().engine.lines[0]?.ended() === true);
  });

  it.each([
    [3, 2000],
    [60, 4000],
  ])('is kept for less than the %d seconds that its engine keeps it', async (seconds, keptMs) => {
    await scene().exchange(0, 1, answerOf('ok', `keep-alive: timeout=${seconds}, max=9\r\n`));
    scene().now += keptMs - 1;
    await scene().exchange(0, 2, answerOf('ok', `keep-alive: timeout=${seconds}\r\n`));
    scene().now += keptMs;
    await scene().exchange(1, 1);
  });

  it.each([
    ['its engine says so', answerOf('ok', 'connection: close\r\n')],
    ['its engine keeps it for a moment only', answerOf('ok', 'keep-alive: timeout=1\r\n')],
    ['it is of HTTP/1.0', answerOf('ok').replace('1.1', '1.0')],
    ['something comes behind the answer', `${answerOf('ok')}HTTP/1.1 200 OK\r\n`],
  ])('is of no more use when %s', async (_, text) => {
    expect(await scene().exchange(0, 1, text)).toMatchObject({ body: 'ok', ended: true });
    await until('closed', () => scene().engine.lines[0]?.ended() === true);
    await scene().exchange(1, 1);
  });

  it.each<[string, (line: Line) => void]>([
    ['is closed', ({ socket }) => void socket.end()],
    ['is reset', ({ socket }) => void socket.resetAndDestroy()],
    ['says something', ({ say }) => say('HTTP/1.1 408 Request Timeout\r\n\r\n')],
  ])('is dropped when it %s', async (_, act) => {
    await scene().exchange(0, 1);
    const [line] = scene().engine.lines;
    if (line !== undefined) act(line);
    await until('dropped', () => line?.ended() === true);
    await scene().exchange(1, 1);
  });

  it('is left alone by a request that wants one of its own', async () => {
    await scene().exchange(0, 1);
    const listener = scene().post({ onNewConnection: true });
    (await scene().asked(1)).say(answerOf('ok'));
    await over(listener);
  });

  it('is of no more use when the answer came before the request was gone', async () => {
    const deaf = await startBareEngine('127.0.0.1', true);
    scene().pool = scene().poolTo(deaf.address);
    // More than the buffers on the way take.
    const listener = scene().post({ body: 'x'.repeat(16 << 20) });
    await until('there', () => deaf.lines.length === 1);
    deaf.lines[0]?.say(answerOf('too long'));
    expect(await over(listener)).toMatchObject({ body: 'too long', ended: true });
    scene().post();
    await until('another', () => deaf.lines.length === 2);
    scene().pool.destroy();
    await deaf.close();
  });
});

describe('a pool that gets no more requests', () => {
  it('finishes those it has, and keeps no connection', async () => {
    await scene().exchange(0, 1);
    const listener = scene().post();
    let empty = 0;
    const connecting = scene().post();
    scene().pool.retire(() => {
      empty += 1;
    });
    (await scene().asked(0, 2)).say(answerOf('late'));
    expect(await over(listener)).toMatchObject({ body: 'late', ended: true });
    expect(empty).toBe(0);
    (await scene().asked(1)).say(answerOf('later'));
    expect(await over(connecting)).toMatchObject({ body: 'later' });
    await until('empty', () => empty === 1);
    await until('closed', () => scene().engine.lines.every((line) => line.ended()));
  });
});

it('a connection that is gone before anybody could listen to it is none', async () => {
  const gone = new PassThrough();
  gone.destroy();
  await once(gone, 'close');
  const transport: Transport = {
    kind: 'ssh',
    connect: async () => gone,
    close: async () => undefined,
  };
  const dialer = createDialer(transport, { host: 'x', port: 1 });
  scene().pool = new ConnectionPool('host: x\r\n', dialer, () => scene().now);
  const { error } = await over(scene().post());
  expect(error?.message).toBe('the connection was closed');
});
