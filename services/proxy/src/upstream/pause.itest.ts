import { describe, expect, it } from '@jest/globals';
import { until } from '../../test/harness.ts';
import { Listener } from '../../test/listener.ts';
import { over, usePool } from '../../test/pool-scene.ts';

const scene = usePool();

describe('whoever hears of an answer', () => {
  const chunked = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n';
  const words = Array.from({ length: 200 }, (_, index) => `data: ${index}\n\n`);
  const inChunks = words.map((word) => `${word.length.toString(16)}\r\n${word}\r\n`).join('');

  it('may pause at every piece and misses nothing', async () => {
    const listener = new Listener();
    listener.onPiece = (control) => {
      control.pause();
      setImmediate(() => control.resume());
    };
    scene().post({}, listener);
    (await scene().asked(0)).say(`${chunked}${inChunks}0\r\n\r\n`);
    expect(await over(listener)).toMatchObject({ body: words.join(''), pieces: 200, ended: true });
    await scene().exchange(0, 2);
  });

  it('may change its mind at once', async () => {
    const listener = new Listener();
    listener.onPiece = (control) => {
      control.pause();
      control.resume();
    };
    scene().post({}, listener);
    (await scene().asked(0)).say(`${chunked}${inChunks}0\r\n\r\n`);
    expect(await over(listener)).toMatchObject({ body: words.join(''), ended: true });
  });

  it.each<[string, string, object]>([
    ['and its end', `${chunked}${inChunks}0\r\n\r\n`, { ended: true, error: null }],
    ['and that it broke', `${chunked}${inChunks}`, { ended: false }],
    ['and that it closed', `HTTP/1.1 200 OK\r\n\r\n${words.join('')}`, { ended: true }],
  ])('hears all of it after a pause, %s', async (_, text, end) => {
    const listener = new Listener();
    listener.onPiece = (control) => {
      if (listener.pieces === 1) control.pause();
    };
    scene().post({}, listener);
    const line = await scene().asked(0);
    line.socket.end(text, 'latin1');
    await until('paused', () => listener.control?.paused === true);
    await until('closed', line.ended);
    expect(listener.over).toBe(false);
    listener.control?.resume();
    expect(await over(listener)).toMatchObject({ body: words.join(''), ...end });
  });

  it('lets the engine wait while it pauses', async () => {
    const listener = new Listener();
    listener.onPiece = (control) => {
      if (listener.pieces === 1) control.pause();
    };
    scene().post({}, listener);
    const { socket } = await scene().asked(0);
    const size = 64 << 20;
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${size}\r\n\r\n`);
    const piece = Buffer.alloc(1 << 20, 'x');
    for (let sent = 0; sent < size; sent += piece.length) socket.write(piece);
    await until('full', () => socket.writableLength > 0 && listener.control?.paused === true);
    const waiting = socket.writableLength;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(socket.writableLength).toBe(waiting);
    expect(listener.body.length).toBeLessThan(1 << 20);
    listener.control?.resume();
    await until('all of it', () => listener.ended, 20_000);
    expect(listener.body.length).toBe(size);
  });

  it('may end it: the engine is told at once, and nothing more is heard', async () => {
    const listener = new Listener();
    listener.onPiece = (control) => control.abort();
    scene().post({}, listener);
    const line = await scene().asked(0);
    line.say(`${chunked}${inChunks}`);
    await until('told', line.ended);
    expect(listener).toMatchObject({ pieces: 1, ended: false, error: null });
    expect(scene().pool.underWay.size).toBe(0);
    // Nothing of it does anything to the request that comes next.
    const { control } = listener;
    const next = await scene().exchange(1, 1);
    control?.pause();
    control?.abort();
    control?.resume();
    expect(next.ended).toBe(true);
    await scene().exchange(1, 2);
  });

  it('may end it before it is sent: the engine sees nothing, and the connection is good', async () => {
    const listener = new Listener();
    listener.onStart = (control) => control.abort();
    scene().post({}, listener);
    await until(
      'connected',
      () => scene().engine.lines.length === 1 && scene().pool.underWay.size === 0,
    );
    await scene().exchange(0, 1);
    expect(scene().engine.lines[0]?.heard().match(/POST/g)).toHaveLength(1);
  });
});
