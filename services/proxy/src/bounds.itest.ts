import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { defaultSettings, until } from '../test/harness.ts';
import { rawHead, rawRequest, useRawClients } from '../test/raw.ts';
import { useScene } from '../test/scene.ts';

const scene = useScene();
const openAt = useRawClients();
const open = () => openAt(scene.proxy.port);

const { door } = defaultSettings;
const health = 'GET /health HTTP/1.1\r\nhost: x\r\n\r\n';
const plain = rawRequest('{"model":"a/b"}');
const connections = () => scene.proxy.metric('wakefield_client_connections');
const ended = (reason: string) =>
  scene.proxy.metric(`wakefield_client_connections_ended_total{reason="${reason}"`);

describe('more connections than there may be', () => {
  it('end those on which nothing is under way, and who asks is answered', async () => {
    await scene.restart({ door: { ...door, mostConnections: 3 } });
    scene.engine.answer(() => undefined);
    const waiting = await open();
    waiting.send(plain);
    await until('asked', () => scene.engine.seen.length === 1);
    const idle = [await open(), await open()];
    scene.engine.answer((response) => void response.end('{}'));
    const late = await open();
    late.send(plain);
    await until('answered', () => late.text().startsWith('HTTP/1.1 200 '));
    expect(await idle[0]?.closed()).toBe('');
    expect(idle[1]?.socket.destroyed).toBe(false);
    expect(waiting.socket.destroyed).toBe(false);
    expect(await ended('evicted')).toBe(1);
  });

  it('are closed unread where something is under way on all', async () => {
    await scene.restart({ door: { ...door, mostConnections: 1 } });
    scene.engine.answer(() => undefined);
    const waiting = await open();
    waiting.send(plain);
    await until('asked', () => scene.engine.seen.length === 1);
    const late = await open();
    expect(await late.closed()).toBe('');
    expect(await ended('refused')).toBe(1);
    expect(waiting.socket.destroyed).toBe(false);
  });
});

describe('a head that is too large', () => {
  it.each([
    ['of one line', `x: ${'y'.repeat(9000)}\r\n`],
    ['of many', 'x: y\r\n'.repeat(1500)],
  ])('is told so: %s', async (_, lines) => {
    await scene.restart({ door: { ...door, mostHeadBytes: 8192 } });
    const client = await open();
    client.send(rawRequest('{"model":"a/b"}', lines));
    expect(await client.closed()).toMatch(/^HTTP\/1\.1 431 /);
    expect(scene.engine.seen).toHaveLength(0);
  });

  it('is not where it may be that large', async () => {
    await scene.restart({ door: { ...door, mostHeadBytes: 32_768 } });
    const client = await open();
    client.send(health.replace('\r\n\r\n', `\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`));
    await until('answered', () => client.text().startsWith('HTTP/1.1 200 '));
  });
});

describe('a head that does not come', () => {
  it.each([
    ['nothing of it', ''],
    ['its beginning', 'POST /p/demo/openai/v1/chat/completions HTTP/1.1\r\nhost: x\r\n'],
    ['what is for node:http', 'PUT /p/demo HTTP/1.1\r\nhost: x\r\n'],
  ])('is told so, and its connection ends, whatever its client does: %s', async (_, text) => {
    await scene.restart({ door: { ...door, headersTimeoutMs: 300, stallMs: 200 } });
    const socket = connect({ port: scene.proxy.port, host: '127.0.0.1', allowHalfOpen: true });
    let read = '';
    socket.on('data', (bytes) => (read += bytes.toString('latin1')));
    socket.on('error', () => undefined);
    socket.write(text);
    await until('refused', () => read.startsWith('HTTP/1.1 408 '));
    await until('gone', async () => (await connections()) === 0);
    socket.destroy();
  });
});

describe('a client that goes on sending what was refused', () => {
  it.each([
    [
      'chunks without end',
      `transfer-encoding: chunked\r\n\r\n`,
      `10000\r\n${'x'.repeat(65_536)}\r\n`,
      413,
    ],
    ['more than may be announced', 'content-length: 99999999999\r\n\r\n', 'x'.repeat(65_536), 413],
    ['headers without end', '', 'x: y\r\n'.repeat(1000), 431],
  ])('is told so, and then not heard any more: %s', async (_, lines, piece, status) => {
    await scene.restart({}, { body: { maxBytes: 100_000, timeoutMs: 5000 } });
    const client = await open();
    client.send(rawHead('').replace(/\r\n$/, lines));
    while (!client.socket.destroyed) {
      client.send(piece);
      await new Promise((resolve) => setImmediate(resolve));
      if (client.socket.writableLength > 1_000_000)
        await once(client.socket, 'drain').catch(() => undefined);
    }
    expect(await client.closed()).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    await until('gone', async () => (await connections()) === 0);
  });
});

describe('a client that does not read', () => {
  it('is cut off, whatever it has asked for', async () => {
    await scene.restart({ door: { ...door, stallMs: 200, mostPipelined: 10_000_000 } });
    const client = await open();
    client.socket.pause();
    // It asks until neither side takes any more.
    const asking = setInterval(() => client.send(health.repeat(2000)), 5);
    await until('cut off', async () => (await ended('stalled')) === 1, 15_000);
    clearInterval(asking);
    await until('gone', async () => (await connections()) === 0);
  });
});

describe('more requests at once than one connection may have', () => {
  it('are answered as far as they may wait, and the connection ends', async () => {
    await scene.restart({ door: { ...door, mostPipelined: 5 } });
    const client = await open();
    client.send(health.repeat(20));
    const answers = (await client.closed()).split('HTTP/1.1 200 ').slice(1);
    expect(answers).toHaveLength(5);
    expect(answers.map((text) => /connection: close/i.test(text))).toEqual([
      ...[false, false, false, false, true],
    ]);
  });
});

describe('a client that asks for a tunnel', () => {
  it('leaves nothing behind, though more came than was read', async () => {
    const client = await open();
    client.send('CONNECT x:1 HTTP/1.1\r\nhost: x\r\n\r\n');
    await until('refused', () => client.text().startsWith('HTTP/1.1 405 '));
    client.send(health);
    client.socket.end();
    await until('gone', async () => (await connections()) === 0);
  });
});
