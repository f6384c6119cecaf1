import { describe, expect, it } from '@jest/globals';
import { freePorts } from '@wakefield/local-stack';
import { answerOf, startBareEngine } from '../../test/bare-engine.ts';
import { until } from '../../test/harness.ts';
import { Listener } from '../../test/listener.ts';
import { noLimits, over, usePool } from '../../test/pool-scene.ts';

const scene = usePool();

describe('a request', () => {
  it('is written as it is to be read', async () => {
    scene().post({ body: 'ä' });
    const line = await scene().asked(0);
    const { port } = scene().engine.address;
    expect(line.heard()).toBe(
      `POST /v1/x HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\na: b\r\ncontent-length: 2\r\n\r\n\xc3\xa4`,
    );
  });

  it('arrives whole however long it is', async () => {
    for (const [index, size] of [1, 3900, 4100, 100_000, 3_000_000].entries()) {
      const listener = scene().post({ body: 'x'.repeat(size) });
      const line = await scene().asked(0, index + 1);
      await until('whole', () => line.heard().endsWith(`${size}\r\n\r\n${'x'.repeat(size)}`));
      line.say(answerOf('ok'));
      await over(listener);
    }
    expect(scene().engine.lines).toHaveLength(1);
  });

  it('goes to an engine of IPv6', async () => {
    const other = await startBareEngine('::1');
    scene().pool = scene().poolTo(other.address);
    scene().post();
    await until('asked', () => other.lines[0]?.heard().includes('\r\n\r\n{}') === true);
    expect(other.lines[0]?.heard()).toContain(`\r\nhost: [::1]:${other.address.port}\r\n`);
    scene().pool.destroy();
    await other.close();
  });

  it('hears head, body and end of its answer', async () => {
    const listener = await scene().exchange(
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
    expect(await scene().exchange(0, 1, early + answerOf('ok'))).toMatchObject({
      status: 200,
      body: 'ok',
    });
    await scene().exchange(0, 2);
  });

  it('hears of an answer that ends with its connection', async () => {
    const listener = scene().post();
    const line = await scene().asked(0);
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
    const listener = scene().post();
    const line = await scene().asked(0);
    line.socket.end(text, 'latin1');
    expect((await over(listener)).error?.message).toBe('the engine closed the connection');
    expect(listener.control).not.toBeNull();
  });

  it('hears that its connection broke, even where it would have been the end', async () => {
    const listener = scene().post();
    const line = await scene().asked(0);
    line.say('HTTP/1.1 200 OK\r\n\r\nab');
    await until('begun', () => listener.body === 'ab');
    line.socket.resetAndDestroy();
    expect((await over(listener)).error?.code).toBe('ECONNRESET');
  });

  it('hears that its answer is none, and the engine that it is not wanted', async () => {
    const listener = scene().post();
    const line = await scene().asked(0);
    line.say('HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nabc');
    expect((await over(listener)).error?.name).toBe('BadAnswerError');
    expect(listener.status).toBe(0);
    await until('closed', line.ended);
  });

  it('has not begun where nobody listens', async () => {
    scene().pool = scene().poolTo({ host: '127.0.0.1', port: await freePorts(1) });
    const listener = await over(scene().post());
    expect(listener.error?.code).toBe('ECONNREFUSED');
    expect(listener.control).toBeNull();
  });

  it('has not begun where it cannot be written', async () => {
    for (const value of ['a\r\nb: c', 'a\nb', 'a\0b', 'ł']) {
      const listener = new Listener();
      const request = { path: '/', headers: ['a', value], body: Buffer.alloc(0) };
      scene().pool.post(
        { ...request, offer: null, onNewConnection: false, limits: noLimits },
        listener,
      );
      expect(listener.error?.name).toBe('UnsendableError');
      expect(listener.control).toBeNull();
    }
    expect(scene().pool.underWay.size).toBe(0);
  });

  it('is a failure when whoever hears of it fails, and nobody else pays for it', async () => {
    const listener = new Listener();
    listener.onPiece = () => {
      throw new Error('a bug');
    };
    scene().post({}, listener);
    const line = await scene().asked(0);
    line.say(answerOf('ok'));
    expect((await over(listener)).error?.message).toBe('a bug');
    await until('closed', line.ended);
    await scene().exchange(1, 1);
  });
});
