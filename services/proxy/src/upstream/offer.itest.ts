import { describe, expect, it } from '@jest/globals';
import { until } from '../../test/harness.ts';
import { Listener } from '../../test/listener.ts';
import { usePool } from '../../test/pool-scene.ts';
import type { SessionPatience } from './under-way.ts';

const scene = usePool();
const never = Number.POSITIVE_INFINITY;
const switched = 'HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\n\r\n';

/** An offer that is with the engine. */
async function offered(patience: Partial<SessionPatience> = {}) {
  const { pool, engine, limits } = scene();
  const listener = new Listener();
  const offer = { stallMs: never, sessionIdleMs: never, ...patience };
  const request = { offer, path: '/v1/realtime', headers: ['a', 'b'], body: Buffer.alloc(0) };
  pool.post({ ...request, onNewConnection: false, limits }, listener);
  await until('offered', () => engine.lines.at(-1)?.heard().endsWith('\r\n\r\n') === true);
  const line = engine.lines.at(-1);
  if (line === undefined) throw new Error('no connection');
  return { listener, line };
}

describe('an offer of WebSocket', () => {
  it('is a GET without a body, and what comes behind the answer is the session', async () => {
    const { listener, line } = await offered();
    expect(line.heard()).toMatch(
      /^GET \/v1\/realtime HTTP\/1.1\r\nhost: [^\r]+\r\na: b\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n$/,
    );
    line.say(`HTTP/1.1 103 Early Hints\r\n\r\n${switched}HTTP/1.1 200 OK\r\n`);
    await until('told', () => listener.body !== '');
    expect([listener.status, listener.body]).toEqual([101, 'HTTP/1.1 200 OK\r\n']);
    expect(listener.control?.write(Buffer.from('more'))).toBe(true);
    await until('heard', () => line.heard().endsWith('\r\n\r\nmore'));
    line.socket.end();
    await until('over', () => listener.ended);
  });

  it('takes no connection that was used before, and leaves none', async () => {
    await scene().exchange(0, 1);
    const { listener, line } = await offered();
    expect(scene().engine.lines).toHaveLength(2);
    line.say('HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\nno');
    await until('answered', () => listener.ended);
    await until('closed', () => line.ended());
  });

  it('has its client wait while the engine takes no more, and tells when it does', async () => {
    const { listener, line } = await offered();
    line.say(switched);
    await until('taken', () => listener.status === 101);
    line.socket.pause();
    const piece = Buffer.alloc(1 << 20, 'x');
    let sent = 0;
    while (sent < 256 && listener.control?.write(piece) === true) sent += 1;
    expect(sent).toBeLessThan(256);
    line.socket.resume();
    await until('room again', () => listener.drained === 1);
    const head = line.heard().indexOf('\r\n\r\n') + 4;
    await until(
      'all of it',
      () => line.heard().length - head === (sent + 1) * piece.length,
      20_000,
    );
    listener.control?.abort();
    await until('closed', () => line.ended());
  });

  it('is given up when its engine takes nothing for too long, and not while that takes some', async () => {
    const { listener, line } = await offered({ stallMs: 5000 });
    line.say(switched);
    await until('taken', () => listener.status === 101);
    line.socket.pause();
    const piece = Buffer.alloc(1 << 20, 'x');
    const fill = () => {
      while (listener.control?.write(piece) === true);
    };
    const look = (afterMs: number) => {
      scene().now += afterMs;
      scene().pool.sweep();
    };
    fill();
    look(0);
    look(4999);
    line.socket.resume();
    await until('room again', () => listener.drained === 1);
    line.socket.pause();
    fill();
    look(4999);
    look(4999);
    expect(listener.over).toBe(false);
    look(1);
    expect(listener.error?.name).toBe('EngineStalledError');
  });

  it('is not given up for what its engine does not take while it waits for its client', async () => {
    const { listener, line } = await offered({ stallMs: 5000 });
    line.say(switched);
    await until('taken', () => listener.status === 101);
    line.socket.pause();
    while (listener.control?.write(Buffer.alloc(1 << 20, 'x')) === true);
    listener.control?.pause();
    for (let looks = 0; looks < 5; looks += 1) {
      scene().now += 4000;
      scene().pool.sweep();
    }
    expect(listener.over).toBe(false);
    listener.control?.abort();
  });

  it.each([
    [5000, 60_000],
    [60_000, 5000],
    [never, 5000],
  ])('is given up when nobody says anything for too long: %d, %d', async (betweenBytesMs, idle) => {
    scene().limits = { ...scene().limits, firstByteMs: 1000, betweenBytesMs };
    const { listener, line } = await offered({ sessionIdleMs: idle });
    line.say(switched);
    await until('taken', () => listener.status === 101);
    const look = (afterMs: number) => {
      scene().now += afterMs;
      scene().pool.sweep();
    };
    look(4000);
    look(4000);
    listener.control?.write(Buffer.from('x'));
    look(4000);
    look(4000);
    expect(listener.over).toBe(false);
    look(2000);
    expect(listener.error?.message).toContain('between_bytes');
    await until('closed', () => line.ended());
  });
});
