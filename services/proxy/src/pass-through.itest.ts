import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '@wakefield/runtime';
import { until } from '../test/harness.ts';
import { rawClient } from '../test/raw.ts';
import { type RecordingApi, startRecordingApi } from '../test/recording-api.ts';
import { useScene } from '../test/scene.ts';
import { createPassThrough } from './pass-through.ts';

let api: RecordingApi;
beforeEach(async () => {
  api = await startRecordingApi();
});
const scene = useScene(() => ({ apiUrl: api.url }));
afterEach(() => api.close());

const get = (path: string) => fetch(`${scene.proxy.url}${path}`);

describe('a connection to the api', () => {
  it('is used again', async () => {
    for (const path of ['/1', '/2', '/3']) await (await get(path)).text();
    expect(api.seen.map(({ connection }) => connection)).toEqual([0, 0, 0]);
  });

  it('is given up before the api does', async () => {
    await scene.restart({ apiIdleMs: 100 });
    await (await get('/1')).text();
    await until('closed', () => api.sockets[0]?.destroyed === true);
    await (await get('/2')).text();
    expect(api.seen.map(({ connection }) => connection)).toEqual([0, 1]);
  });

  it('may be silent for longer than that while a request is under way', async () => {
    await scene.restart({ apiIdleMs: 100 });
    api.answer((response) => void setTimeout(() => response.end('late'), 400));
    expect(await (await get('/1')).text()).toBe('late');
  });

  describe('that the api closes while a request comes', () => {
    /** The api reads the next request of the kept connection and closes without a word. */
    async function closeAtNext(): Promise<void> {
      await (await get('/1')).text();
      api.answer((response) => {
        if (api.sockets.indexOf(response.req.socket) === 0) response.req.socket.destroy();
        else response.end('again');
      });
    }

    it.each(['GET', 'HEAD'])('costs a second try (%s)', async (method) => {
      await closeAtNext();
      const answer = await fetch(`${scene.proxy.url}/2`, { method });
      expect([answer.status, await answer.text()]).toEqual([200, method === 'GET' ? 'again' : '']);
      expect(api.sockets).toHaveLength(2);
    });

    it.each(['POST', 'DELETE', 'PUT'])(
      'is nothing to whoever changes something: that has one of its own (%s)',
      async (method) => {
        await closeAtNext();
        const answer = await fetch(`${scene.proxy.url}/2`, { method });
        expect(answer.status).toBe(200);
        expect(api.sockets).toHaveLength(2);
      },
    );

    it('is nothing to a GET with a body', async () => {
      await closeAtNext();
      const client = await rawClient(scene.proxy.port);
      client.send('GET /2 HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}');
      await until('answered', () => client.text().includes('HTTP/1.1 200'));
      client.socket.destroy();
    });
  });

  it('that breaks off is tried once more, on a new one, for what can be said twice', async () => {
    api.answer((response) => {
      if (api.sockets.length === 1) response.req.socket.destroy();
      else response.end('again');
    });
    expect(await (await get('/1')).text()).toBe('again');
    expect(api.sockets).toHaveLength(2);
  });

  it.each([
    ['GET', 2],
    ['POST', 1],
    ['DELETE', 1],
    ['PUT', 1],
  ])('that breaks off again and again is told (%s, %i tries)', async (method, tries) => {
    api.answer((response) => response.req.socket.destroy());
    const answer = await fetch(`${scene.proxy.url}/1`, { method });
    expect(answer.status).toBe(502);
    expect(api.sockets).toHaveLength(tries);
  });

  it('carries no byte that no head announced', async () => {
    const passThrough = createPassThrough({
      apiUrl: api.url,
      idleMs: 5000,
      sessionIdleMs: 5000,
      isTrusted: () => false,
      metrics: { passedToApi: () => undefined, apiSession: () => undefined },
      logger: createLogger({ service: 'proxy', level: 'silent' }),
    });
    // A parser that counts a body whose length it does not tell.
    const front = createServer((request, response) => {
      delete request.headers['content-length'];
      passThrough.request(request, response, 'id');
    });
    await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
    const client = await rawClient((front.address() as AddressInfo).port);
    const evil = 'DELETE /y HTTP/1.1\r\nhost: x\r\n\r\n';
    client.send(`GET /x HTTP/1.1\r\nhost: x\r\ncontent-length: ${evil.length}\r\n\r\n${evil}`);
    await until('refused', () => client.text().includes('HTTP/1.1 502'));
    client.socket.destroy();
    expect(api.bytes.join('')).not.toContain('DELETE');
    passThrough.close();
    await new Promise((resolve) => front.close(resolve));
  });
});

describe('a connection of a client', () => {
  it('ends when the client says so, whatever the api thinks', async () => {
    const client = await rawClient(scene.proxy.port);
    client.send('GET /x HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    const text = await client.closed();
    expect(text.match(/\r\nconnection: .*/gi)).toEqual(['\r\nconnection: close']);
    expect(api.sockets[0]?.destroyed).toBe(false);
  });

  it('stays, whatever the api says', async () => {
    api.answer((response) => response.setHeader('connection', 'close').end('once'));
    const client = await rawClient(scene.proxy.port);
    client.send('GET /1 HTTP/1.1\r\nhost: x\r\n\r\n');
    await until('answered', () => client.text().endsWith('once'));
    client.send('GET /2 HTTP/1.1\r\nhost: x\r\n\r\n');
    await until('both', () => client.text().match(/HTTP\/1.1 200/g)?.length === 2);
    expect(client.text()).not.toMatch(/connection: close/i);
    client.socket.destroy();
  });

  it('ends behind an answer of HTTP/1.0', async () => {
    const client = await rawClient(scene.proxy.port);
    client.send('GET /x HTTP/1.0\r\n\r\n');
    expect(await client.closed()).toMatch(/answer to GET \/x$/);
  });

  it.each(['/x', '/health'])('ends while the proxy retires (%s)', async (path) => {
    await scene.restart({ drainDelayMs: 300 });
    const client = await rawClient(scene.proxy.port);
    const stopped = scene.proxy.stop();
    client.send(`GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`);
    expect((await client.closed()).toLowerCase().match(/\r\nconnection: .*/g)).toEqual([
      '\r\nconnection: close',
    ]);
    await stopped;
  });

  it('ends behind an answer that was waited for when the proxy began to retire', async () => {
    await scene.restart({ drainDelayMs: 300 });
    const finish = Promise.withResolvers<void>();
    api.answer((response) => void finish.promise.then(() => response.end('late')));
    const client = await rawClient(scene.proxy.port);
    client.send('GET /x HTTP/1.1\r\nhost: x\r\n\r\n');
    await until('asked', () => api.seen.length === 1);
    const stopped = scene.proxy.stop();
    finish.resolve();
    const text = await client.closed();
    expect(text.match(/\r\nconnection: .*/gi)).toEqual(['\r\nconnection: close']);
    expect(text).toContain('late');
    await stopped;
  });
});

describe('where a request was seen', () => {
  const told = async (headers: Record<string, string>): Promise<IncomingMessage['headers']> => {
    await (await fetch(`${scene.proxy.url}/x`, { headers })).text();
    const found = Object.entries(api.seen.at(-1)?.headers ?? {});
    return Object.fromEntries(found.filter(([name]) => /forwarded/.test(name)));
  };
  const claims = {
    'x-forwarded-for': '1.2.3.4',
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'https',
    'x-forwarded-port': '1',
    'X-Forwarded-Prefix': '/evil',
    forwarded: 'for=1.2.3.4',
  };

  it('is what the proxy saw, not what a caller says', async () => {
    expect(await told(claims)).toEqual({
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-host': `127.0.0.1:${scene.proxy.port}`,
      'x-forwarded-proto': 'http',
    });
  });

  it('is what a balancer says that is trusted, and the balancer', async () => {
    await scene.restart({ trustedProxies: ['127.0.0.0/8'] });
    expect(await told(claims)).toEqual({
      'x-forwarded-for': '1.2.3.4, 127.0.0.1',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'https',
      'x-forwarded-port': '1',
      'x-forwarded-prefix': '/evil',
      forwarded: 'for=1.2.3.4',
    });
    expect(await told({})).toMatchObject({ 'x-forwarded-for': '127.0.0.1' });
  });
});
