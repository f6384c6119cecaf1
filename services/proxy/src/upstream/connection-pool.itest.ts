import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { freePorts } from '@wakefield/local-stack';
import { answerOf, type BareEngine, type Line, startBareEngine } from '../../test/bare-engine.ts';
import { until } from '../../test/harness.ts';
import { Listener } from '../../test/listener.ts';
import { ConnectionPool } from './connection-pool.ts';
import { createDialer } from './dial.ts';
import { hostLines } from './request-head.ts';

let engine: BareEngine;
let pool: ConnectionPool;
/** Of the pool's clock. */
let now = 1000;

const poolTo = (address = engine.address) =>
  new ConnectionPool(hostLines(address), createDialer(null, address), () => now);
const post = (
  more: { body?: string; onNewConnection?: boolean } = {},
  listener = new Listener(),
) => {
  const { body = '{}', onNewConnection = false } = more;
  const request = { path: '/v1/x', headers: ['a', 'b'], body: Buffer.from(body), onNewConnection };
  pool.post(request, listener);
  return listener;
};
const over = async (listener: Listener) => {
  await until('over', () => listener.over);
  return listener;
};
/** The connection on which so many requests have come in all. */
const asked = async (index: number, count = 1): Promise<Line> => {
  const of = (line: Line | undefined) => line?.heard().match(/POST \/v1\/x /g)?.length ?? 0;
  await until('asked', () => of(engine.lines[index]) === count);
  const line = engine.lines[index];
  if (line === undefined) throw new Error('no such connection');
  return line;
};
/** One request, and its answer. */
const exchange = async (index: number, count: number, answer = answerOf('ok')) => {
  const listener = post();
  (await asked(index, count)).say(answer);
  return await over(listener);
};

beforeEach(async () => {
  engine = await startBareEngine();
  pool = poolTo();
});

afterEach(async () => {
  pool.destroy();
  await engine.close();
});

describe('a request', () => {
  it('is written as it is to be read', async () => {
    post({ body: 'ä' });
    const line = await asked(0);
    const { port } = engine.address;
    expect(line.heard()).toBe(
      `POST /v1/x HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\na: b\r\ncontent-length: 2\r\n\r\n\xc3\xa4`,
    );
  });

  it('arrives whole however long it is', async () => {
    for (const [index, size] of [1, 3900, 4100, 100_000, 3_000_000].entries()) {
      const listener = post({ body: 'x'.repeat(size) });
      const line = await asked(0, index + 1);
      await until('whole', () => line.heard().endsWith(`${size}\r\n\r\n${'x'.repeat(size)}`));
      line.say(answerOf('ok'));
      await over(listener);
    }
    expect(engine.lines).toHaveLength(1);
  });

  it('goes to an engine of IPv6', async () => {
    const other = await startBareEngine('::1');
    pool = poolTo(other.address);
    post();
    await until('asked', () => other.lines[0]?.heard().includes('\r\n\r\n{}') === true);
    expect(other.lines[0]?.heard()).toContain(`\r\nhost: [::1]:${other.address.port}\r\n`);
    pool.destroy();
    await other.close();
  });

  it('hears head, body and end of its answer', async () => {
    const listener = await exchange(
      0,
      1,
      answerOf('hello', 'Content-Type: text/plain\r\nx: \xe4\r\n'),
    );
    expect(listener).toMatchObject({ status: 200, body: 'hello', ended: true, error: null });
    expect(listener.headers).toEqual([
      'content-type',
      'text/plain',
      'x',
      '\xe4',
      'content-length',
      '5',
    ]);
  });

  it('hears nothing of what comes before its answer', async () => {
    const early = 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n';
    expect(await exchange(0, 1, early + answerOf('ok'))).toMatchObject({ status: 200, body: 'ok' });
    await exchange(0, 2);
  });

  it('hears of an answer that ends with its connection', async () => {
    const listener = post();
    const line = await asked(0);
    line.say('HTTP/1.1 200 OK\r\n\r\nall of');
    line.socket.end(' it');
    expect(await over(listener)).toMatchObject({ body: 'all of it', ended: true });
  });

  it.each([
    ['before a head', ''],
    ['in a head', 'HTTP/1.1 200 OK\r\ncont'],
    ['in a body', 'HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nab'],
    ['in a chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab'],
    ['between chunks', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n'],
  ])('hears that its connection closed %s', async (_, text) => {
    const listener = post();
    const line = await asked(0);
    line.socket.end(text, 'latin1');
    expect((await over(listener)).error?.message).toBe('the engine closed the connection');
    expect(listener.control).not.toBeNull();
  });

  it('hears that its connection broke, even where it would have been the end', async () => {
    const listener = post();
    const line = await asked(0);
    line.say('HTTP/1.1 200 OK\r\n\r\nab');
    await until('begun', () => listener.body === 'ab');
    line.socket.resetAndDestroy();
    expect((await over(listener)).error?.code).toBe('ECONNRESET');
  });

  it('hears that its answer is none, and the engine that it is not wanted', async () => {
    const listener = post();
    const line = await asked(0);
    line.say('HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nabc');
    expect((await over(listener)).error?.name).toBe('BadAnswerError');
    expect(listener.status).toBe(0);
    await until('closed', line.ended);
  });

  it('has not begun where nobody listens', async () => {
    pool = poolTo({ host: '127.0.0.1', port: await freePorts(1) });
    const listener = await over(post());
    expect(listener.error?.code).toBe('ECONNREFUSED');
    expect(listener.control).toBeNull();
  });

  it('has not begun where it cannot be written', async () => {
    for (const value of ['a\r\nb: c', 'a\nb', 'a\0b', 'ł']) {
      const listener = new Listener();
      const request = { path: '/', headers: ['a', value], body: Buffer.alloc(0) };
      pool.post({ ...request, onNewConnection: false }, listener);
      expect(listener.error?.name).toBe('UnsendableError');
      expect(listener.control).toBeNull();
    }
    expect(pool.underWay.size).toBe(0);
  });

  it('is a failure when whoever hears of it fails, and nobody else pays for it', async () => {
    const listener = new Listener();
    listener.onPiece = () => {
      throw new Error('a bug');
    };
    post({}, listener);
    const line = await asked(0);
    line.say(answerOf('ok'));
    expect((await over(listener)).error?.message).toBe('a bug');
    await until('closed', line.ended);
    await exchange(1, 1);
  });
});

describe('a connection that was of use', () => {
  it('is used again, the last one first', async () => {
    const both = [post(), post()];
    for (const index of [0, 1]) (await asked(index)).say(answerOf('ok'));
    for (const listener of both) await over(listener);
    await exchange(1, 2).catch(() => undefined);
    expect(engine.lines).toHaveLength(2);
  });

  it('is closed after four seconds', async () => {
    await exchange(0, 1);
    now += 3999;
    pool.sweep();
    await exchange(0, 2);
    now += 4000;
    pool.sweep();
    await until('closed', () => engine.lines[0]?.ended() === true);
  });

  it('is not used after four seconds, although nobody could look at it meanwhile', async () => {
    await exchange(0, 1);
    // A process that was stopped.
    now += 20_000;
    await exchange(1, 1);
    await until('closed', () => engine.lines[0]?.ended() === true);
  });

  it.each([
    [3, 2000],
    [60, 4000],
  ])('is kept for less than the %d seconds that its engine keeps it', async (seconds, keptMs) => {
    await exchange(0, 1, answerOf('ok', `keep-alive: timeout=${seconds}, max=9\r\n`));
    now += keptMs - 1;
    await exchange(0, 2, answerOf('ok', `keep-alive: timeout=${seconds}\r\n`));
    now += keptMs;
    await exchange(1, 1);
  });

  it.each([
    ['its engine says so', answerOf('ok', 'connection: close\r\n')],
    ['its engine keeps it for a moment only', answerOf('ok', 'keep-alive: timeout=1\r\n')],
    ['it is of HTTP/1.0', answerOf('ok').replace('1.1', '1.0')],
    ['something comes behind the answer', `${answerOf('ok')}HTTP/1.1 200 OK\r\n`],
  ])('is of no more use when %s', async (_, text) => {
    expect(await exchange(0, 1, text)).toMatchObject({ body: 'ok', ended: true });
    await until('closed', () => engine.lines[0]?.ended() === true);
    await exchange(1, 1);
  });

  it.each<[string, (line: Line) => void]>([
    ['is closed', ({ socket }) => void socket.end()],
    ['is reset', ({ socket }) => void socket.resetAndDestroy()],
    ['says something', ({ say }) => say('HTTP/1.1 408 Request Timeout\r\n\r\n')],
  ])('is dropped when it %s', async (_, act) => {
    await exchange(0, 1);
    const [line] = engine.lines;
    if (line !== undefined) act(line);
    await until('dropped', () => line?.ended() === true);
    await exchange(1, 1);
  });

  it('is left alone by a request that wants one of its own', async () => {
    await exchange(0, 1);
    const listener = post({ onNewConnection: true });
    (await asked(1)).say(answerOf('ok'));
    await over(listener);
  });

  it('is of no more use when the answer came before the request was gone', async () => {
    const deaf = await startBareEngine('127.0.0.1', true);
    pool = poolTo(deaf.address);
    // More than the buffers on the way take.
    const listener = post({ body: 'x'.repeat(16 << 20) });
    await until('there', () => deaf.lines.length === 1);
    deaf.lines[0]?.say(answerOf('too long'));
    expect(await over(listener)).toMatchObject({ body: 'too long', ended: true });
    post();
    await until('another', () => deaf.lines.length === 2);
    pool.destroy();
    await deaf.close();
  });
});

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
    post({}, listener);
    (await asked(0)).say(`${chunked}${inChunks}0\r\n\r\n`);
    expect(await over(listener)).toMatchObject({ body: words.join(''), pieces: 200, ended: true });
    await exchange(0, 2);
  });

  it('may change its mind at once', async () => {
    const listener = new Listener();
    listener.onPiece = (control) => {
      control.pause();
      control.resume();
    };
    post({}, listener);
    (await asked(0)).say(`${chunked}${inChunks}0\r\n\r\n`);
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
    post({}, listener);
    const line = await asked(0);
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
    post({}, listener);
    const { socket } = await asked(0);
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
    post({}, listener);
    const line = await asked(0);
    line.say(`${chunked}${inChunks}`);
    await until('told', line.ended);
    expect(listener).toMatchObject({ pieces: 1, ended: false, error: null });
    expect(pool.underWay.size).toBe(0);
    // Nothing of it does anything to the request that comes next.
    const { control } = listener;
    const next = await exchange(1, 1);
    control?.pause();
    control?.abort();
    control?.resume();
    expect(next.ended).toBe(true);
    await exchange(1, 2);
  });

  it('may end it before it is sent: the engine sees nothing, and the connection is good', async () => {
    const listener = new Listener();
    listener.onStart = (control) => control.abort();
    post({}, listener);
    await until('connected', () => engine.lines.length === 1 && pool.underWay.size === 0);
    await exchange(0, 1);
    expect(engine.lines[0]?.heard().match(/POST/g)).toHaveLength(1);
  });
});

describe('a pool that gets no more requests', () => {
  it('finishes those it has, and keeps no connection', async () => {
    await exchange(0, 1);
    const listener = post();
    let empty = 0;
    const connecting = post();
    pool.retire(() => {
      empty += 1;
    });
    (await asked(0, 2)).say(answerOf('late'));
    expect(await over(listener)).toMatchObject({ body: 'late', ended: true });
    expect(empty).toBe(0);
    (await asked(1)).say(answerOf('later'));
    expect(await over(connecting)).toMatchObject({ body: 'later' });
    await until('empty', () => empty === 1);
    await until('closed', () => engine.lines.every((line) => line.ended()));
  });
});
