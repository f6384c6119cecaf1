import { describe, expect, it } from '@jest/globals';
import { done, json, sseHeaders } from '../test/engine.ts';
import { defaultSettings, key, until } from '../test/harness.ts';
import { rawClient, rawHead, rawRequest } from '../test/raw.ts';
import { useScene, wake } from '../test/scene.ts';

const scene = useScene();
const chat = '{"model":"a/b"}';
const streamed = '{"model":"a/b","stream":true}';
const refused = (): Promise<number> =>
  scene.proxy.metric('wakefield_http_requests_total{route="other",code="400"');

describe('what is not HTTP as we want it', () => {
  const length = 'content-length: 5\r\n';
  const encoding = 'transfer-encoding: ';
  it.each([
    ['garbage', 'hello\r\n\r\n', 400],
    ['a head that is too large', `GET / HTTP/1.1\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`, 431],
    ['no host', 'GET /health HTTP/1.1\r\n\r\n', 400],
    ['two lengths', rawHead(`${length}content-length: 6\r\n`), 400],
    ['a length and an encoding', `${rawHead(`${length}${encoding}chunked\r\n`)}0\r\n\r\n`, 400],
    ['an encoding that nobody knows', rawHead(`${encoding}xchunked\r\n`), 400],
    ['an encoding on top of chunks', rawHead(`${encoding}chunked, identity\r\n`), 400],
    ['two encodings', rawHead(`${encoding}chunked\r\n${encoding}identity\r\n`), 400],
    ['a bare line feed', 'GET /health HTTP/1.1\nhost: x\n\n', 400],
    ['a folded header', rawHead('x: 1\r\n y: 2\r\n'), 400],
    ['a blank in a header name', rawHead('content-length : 5\r\n'), 400],
    ['a tunnel', 'CONNECT x:1 HTTP/1.1\r\nhost: x\r\n\r\n', 405],
  ])('%s', async (_, text, status) => {
    const client = await rawClient(scene.proxy.port);
    client.send(text);
    const answer = await client.closed();
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toMatch(/x-request-id: req_/i);
    expect(answer).toContain('{"error":{"message":');
    expect(scene.engine.seen).toHaveLength(0);
  });

  it('a head that does not end', async () => {
    const door = { ...defaultSettings.door, headersTimeoutMs: 200, requestTimeoutMs: 400 };
    await scene.restart({ door });
    const client = await rawClient(scene.proxy.port);
    client.send('GET /health HTTP/1.1\r\nhost: x\r\n');
    expect(await client.closed()).toMatch(/^HTTP\/1.1 408 /);
  });

  it('an offer of HTTP/2 is overheard', async () => {
    const client = await rawClient(scene.proxy.port);
    client.send('GET /health HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n');
    await until('answered', () => client.text().includes('"status":"OK"'));
    client.socket.destroy();
  });

  it('a connection that is reset is nobody to answer, and no bad request', async () => {
    const client = await rawClient(scene.proxy.port);
    client.send('GET /hea');
    await until('sent', () => client.socket.bytesWritten > 0);
    client.socket.resetAndDestroy();
    const other = await rawClient(scene.proxy.port);
    other.send('hello\r\n\r\n');
    await other.closed();
    expect(await refused()).toBe(1);
  });
});

describe('a target in absolute form', () => {
  it('is the same as without its host (RFC 9112 §3.2.2)', async () => {
    const client = await rawClient(scene.proxy.port);
    client.send(rawRequest(chat, '', 'http://x:8080/p/demo/openai/v1/chat/completions?y=1'));
    await until('answered', () => client.text().includes('HTTP/1.1 200'));
    expect(scene.engine.seen[0]?.url).toBe('/v1/chat/completions?y=1');
    client.send('GET http://x HTTP/1.1\r\nhost: x\r\n\r\n');
    // The root is the API's, which is away.
    await until('answered', () => client.text().includes('HTTP/1.1 502'));
    client.socket.destroy();
  });
});

describe('what comes behind a request', () => {
  const garbage = 'GARBAGE\r\n\r\n';

  it('and is none does not spoil the answer; then the connection ends', async () => {
    const client = await rawClient(scene.proxy.port);
    client.send(rawRequest(chat) + garbage);
    const text = await client.closed();
    expect(text).toMatch(/^HTTP\/1.1 200 /);
    expect(text.split('HTTP/1.1')).toHaveLength(2);
  });

  it('and is none does not get into a stream', async () => {
    const finish = Promise.withResolvers<void>();
    scene.engine.answer((response) => {
      response.writeHead(200, sseHeaders);
      response.write('data: {}\n\n');
      void finish.promise.then(() => response.end(done));
    });
    const client = await rawClient(scene.proxy.port);
    client.send(rawRequest(streamed));
    await until('begun', () => client.text().includes('data: {}'));
    client.send(garbage);
    client.send(garbage);
    const other = await rawClient(scene.proxy.port);
    other.send(garbage);
    await other.closed();
    finish.resolve();
    const text = await client.closed();
    expect(text.split('HTTP/1.1')).toHaveLength(2);
    expect(text.endsWith('data: [DONE]\n\n\r\n0\r\n\r\n')).toBe(true);
  });

  it('and is one is answered in its turn', async () => {
    const client = await rawClient(scene.proxy.port);
    const health = 'GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n';
    client.send(rawRequest(chat) + rawRequest(chat.replace('a/b', 'x/y')) + health);
    const text = await client.closed();
    expect(text.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 404', 'HTTP/1.1 200']);
    expect(text).toContain('"status":"OK"');
  });

  it('goes away with the client, asked or still waiting', async () => {
    scene.engine.answer((response) => {
      response.writeHead(200, sseHeaders);
      response.write('data: {}\n\n');
    });
    const client = await rawClient(scene.proxy.port);
    client.send(rawRequest(streamed) + rawRequest(streamed) + rawRequest('{"model":"c/d"}'));
    const running = () => scene.proxy.metric('wakefield_requests_in_flight');
    const held = () => scene.proxy.metric('wakefield_held_requests');
    await until('busy', async () => (await running()) === 2 && (await held()) === 1);
    client.socket.destroy();
    await until('let go', async () => (await running()) === 0 && (await held()) === 0);
    await until('engines told', () => scene.engine.seen.every(({ aborted }) => aborted));
  });
});

describe('headers of one connection', () => {
  it('do not go on, whoever names them', async () => {
    const client = await rawClient(scene.proxy.port);
    const lines = [
      'connection: close, X-Private',
      'x-private: 1',
      'keep-alive: timeout=9',
      'proxy-authorization: Basic x',
      'te: trailers',
      'x-public: 2',
    ];
    client.send(rawRequest(chat, `${lines.join('\r\n')}\r\n`));
    await client.closed();
    const headers = scene.engine.seen[0]?.headers;
    expect(headers).toMatchObject({
      'x-public': '2',
      authorization: expect.not.stringContaining(key),
    });
    for (const name of ['x-private', 'keep-alive', 'proxy-authorization', 'te']) {
      expect(headers).not.toHaveProperty(name);
    }
  });

  it('do not come back either', async () => {
    scene.engine.answer((response) => {
      response.setHeader('connection', 'keep-alive, x-hop');
      response.setHeader('x-hop', '1');
      response.setHeader('x-end', ['2', '3']);
      json(response, 200, {});
    });
    const client = await rawClient(scene.proxy.port);
    client.send(rawRequest(chat, 'connection: close\r\n'));
    const text = await client.closed();
    expect(text).not.toContain('x-hop');
    expect(text).toContain('x-end: 2\r\nx-end: 3\r\n');
    expect(text.toLowerCase().match(/\r\nconnection: /g)).toHaveLength(1);
  });

  it('leave no length on a stream that may end otherwise than its engine says', async () => {
    scene.engine.answer((response) => {
      response.writeHead(200, { ...sseHeaders, 'content-length': 1000 });
      response.write('data: {}\n\n');
      setTimeout(() => response.socket?.destroy(), 30);
    });
    wake(scene.proxy, scene.engine);
    const client = await rawClient(scene.proxy.port);
    client.send(rawRequest(streamed, 'connection: close\r\n'));
    const text = await client.closed();
    expect(text.toLowerCase()).not.toContain('content-length');
    expect(text).toMatch(/"code":"upstream_error".*\n\n\r\n0\r\n\r\n$/);
  });
});
