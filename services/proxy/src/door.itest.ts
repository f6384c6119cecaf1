import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { json, type ScriptedEngine, sseHeaders, startEngine } from './testing/engine.ts';
import { chat, endpoint, type Harness, key, startHarness, until } from './testing/harness.ts';
import { rawClient } from './testing/raw.ts';

let proxy: Harness;
let engine: ScriptedEngine;
let api: Server;
const auth = { authorization: `Bearer ${key}` };
const errorOf = async (answer: Response) =>
  (await answer.json()) as { error: Record<string, unknown> };

beforeEach(async () => {
  engine = await startEngine();
  api = createServer((request, response) => {
    request.resume();
    json(response, 200, { url: request.url, headers: request.headers });
  });
  api.on('upgrade', (request, socket) => {
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n`,
    );
    socket.write(String(request.headers['x-request-id']));
    socket.pipe(socket);
  });
  api.listen(0, '127.0.0.1');
  await once(api, 'listening');
  proxy = await startHarness({ apiUrl: `http://127.0.0.1:${(api.address() as AddressInfo).port}` });
  proxy.route('a/b', { state: 'ready', idle: false, endpoints: [endpoint(engine.port)] });
  proxy.route('c/d', {});
});

afterEach(async () => {
  await proxy.stop();
  await engine.close();
  api.closeAllConnections();
  api.close();
});

describe('refusals', () => {
  it.each<[string, string, RequestInit, number, string, string | null]>([
    ['no key', 'chat/completions', { method: 'POST', body: '{}' }, 401, 'invalid_api_key', null],
    [
      'a wrong key',
      'models',
      { headers: { authorization: 'Bearer x' } },
      401,
      'invalid_api_key',
      null,
    ],
    ['a wrong method', 'chat/completions', { headers: auth }, 405, 'method_not_allowed', null],
    ['an unknown path', 'audio/speech', { method: 'POST', headers: auth }, 404, 'not_found', null],
    [
      'no JSON',
      'completions',
      { method: 'POST', headers: auth, body: 'hello' },
      400,
      'invalid_json',
      null,
    ],
    [
      'broken JSON',
      'completions',
      { method: 'POST', headers: auth, body: '{"model":"a/b"' },
      400,
      'invalid_json',
      null,
    ],
    ['no body', 'completions', { method: 'POST', headers: auth }, 400, 'invalid_json', null],
    [
      'no model',
      'embeddings',
      { method: 'POST', headers: auth, body: '{"input":"x"}' },
      400,
      'invalid_request',
      'model',
    ],
    [
      'a number for a model',
      'embeddings',
      { method: 'POST', headers: auth, body: '{"model":1}' },
      400,
      'invalid_request',
      'model',
    ],
    [
      'an unknown model',
      'embeddings',
      { method: 'POST', headers: auth, body: '{"model":"x"}' },
      404,
      'model_not_found',
      'model',
    ],
    [
      'an unknown model by path',
      'models/x%2Fy',
      { headers: auth },
      404,
      'model_not_found',
      'model',
    ],
    [
      'a compressed body',
      'embeddings',
      { method: 'POST', headers: { ...auth, 'content-encoding': 'gzip' }, body: 'x' },
      415,
      'unsupported_media_type',
      'content-encoding',
    ],
  ])('%s', async (_, path, init, status, code, param) => {
    const answer = await fetch(`${proxy.url}/p/demo/openai/v1/${path}`, init);
    expect(answer.status).toBe(status);
    const { error } = await errorOf(answer);
    expect(error).toMatchObject({
      code,
      param,
      type: expect.any(String),
      message: expect.any(String),
    });
    expect(error.request_id).toBe(answer.headers.get('x-request-id'));
    expect(answer.headers.get('www-authenticate') !== null).toBe(status === 401);
    expect(answer.headers.get('allow')).toBe(status === 405 ? 'POST' : null);
  });

  it('an unknown project, to those who may know', async () => {
    const answer = await fetch(`${proxy.url}/p/nope/openai/v1/models`, { headers: auth });
    expect(answer.status).toBe(404);
    expect((await errorOf(answer)).error.code).toBe('project_not_found');
  });

  it('an insane request id', async () => {
    const answer = await chat(proxy.url, {}, { headers: { 'x-request-id': 'a b"c' } });
    expect(answer.headers.get('x-request-id')).toMatch(/^req_[0-9a-f]{32}$/);
  });
});

describe('bodies', () => {
  const tooLarge = 'x'.repeat(2 * 1024 * 1024);

  it('that announce themselves as too large are refused unread, and the client reads why', async () => {
    const answer = await chat(proxy.url, tooLarge);
    expect(answer.status).toBe(413);
    expect((await errorOf(answer)).error.code).toBe('payload_too_large');
  });

  it('that turn out to be too large are refused on the way', async () => {
    const client = await rawClient(proxy.port);
    client.send(
      `POST /p/demo/openai/v1/embeddings HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\ntransfer-encoding: chunked\r\n\r\n`,
    );
    for (let sent = 0; sent < 40; sent += 1) client.send(`10000\r\n${'x'.repeat(65_536)}\r\n`);
    client.send('0\r\n\r\n');
    await until('answered', () => client.text().includes('payload_too_large'));
    expect(client.text()).toMatch(/^HTTP\/1.1 413 /);
    // The rest was read and dropped: the connection is still good.
    client.send('GET /health HTTP/1.1\r\nhost: x\r\n\r\n');
    await until('answered', () => client.text().includes('"status":"OK"'));
    client.socket.destroy();
  });

  it('that do not come are answered with 408', async () => {
    await proxy.stop();
    proxy = await startHarness({}, { body: { maxBytes: 1000, timeoutMs: 200 } });
    const client = await rawClient(proxy.port);
    client.send(
      `POST /p/demo/openai/v1/embeddings HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\ncontent-length: 100\r\n\r\n{"model"`,
    );
    await until('answered', () => client.text().includes('request_timeout'));
    expect(client.text()).toMatch(/^HTTP\/1.1 408 /);
    client.socket.destroy();
  });

  it('are asked for when the client expects to be', async () => {
    const client = await rawClient(proxy.port);
    const head = (length: number) =>
      `POST /p/demo/openai/v1/embeddings HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\nexpect: 100-continue\r\ncontent-length: ${length}\r\n\r\n`;
    client.send(head(15));
    await until('asked', () => client.text().includes('100 Continue'));
    client.send('{"model":"a/b"}');
    await until('answered', () => client.text().includes('HTTP/1.1 200'));
    const refused = await rawClient(proxy.port);
    refused.send(head(99_999_999));
    const text = await refused.closed();
    expect(text).toMatch(/^HTTP\/1.1 413 /);
    client.socket.destroy();
  });
});

describe('what is not HTTP as we want it', () => {
  it.each([
    ['garbage', 'hello\r\n\r\n', 400],
    ['a head that is too large', `GET / HTTP/1.1\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`, 400],
    [
      'two lengths',
      'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n',
      400,
    ],
    ['a tunnel', 'CONNECT x:1 HTTP/1.1\r\nhost: x\r\n\r\n', 405],
  ])('%s', async (_, text, status) => {
    const client = await rawClient(proxy.port);
    client.send(text);
    const answer = await client.closed();
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toContain('x-request-id: req_');
    expect(answer).toContain('{"error":{"message":');
  });

  it('a head that does not end', async () => {
    await proxy.stop();
    proxy = await startHarness({
      door: { headersTimeoutMs: 200, requestTimeoutMs: 400, keepAliveTimeoutMs: 1000 },
    });
    const client = await rawClient(proxy.port);
    client.send('GET /health HTTP/1.1\r\nhost: x\r\n');
    expect(await client.closed()).toMatch(/^HTTP\/1.1 408 /);
  });

  it('an offer of HTTP/2 is overheard', async () => {
    const client = await rawClient(proxy.port);
    client.send('GET /health HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n');
    await until('answered', () => client.text().includes('"status":"OK"'));
    client.socket.destroy();
  });
});

describe('what is answered here', () => {
  it('is health, whatever is down', async () => {
    proxy.breakStores(true);
    api.close();
    const answer = await fetch(`${proxy.url}/health`);
    expect(await answer.json()).toEqual({ status: 'OK', version: '0.1.0', api_version: '1' });
    expect(answer.headers.get('x-request-id')).toMatch(/^req_/);
  });

  it('is the list of models, asleep ones too', async () => {
    const card = { object: 'model', created: 1_700_000_000, owned_by: 'demo' };
    const list = await fetch(`${proxy.url}/p/demo/openai/v1/models`, { headers: auth });
    expect(await list.json()).toEqual({
      object: 'list',
      data: [
        { id: 'a/b', ...card },
        { id: 'c/d', ...card },
      ],
    });
    for (const path of ['c/d', 'c%2Fd']) {
      const one = await fetch(`${proxy.url}/p/demo/openai/v1/models/${path}`, { headers: auth });
      expect(await one.json()).toEqual({ id: 'c/d', ...card });
    }
    const head = await fetch(`${proxy.url}/p/demo/openai/v1/models`, {
      method: 'HEAD',
      headers: auth,
    });
    expect(head.status).toBe(200);
  });
});

describe('everything else', () => {
  it('goes to the api with one id and one trace', async () => {
    const answer = await fetch(`${proxy.url}/p/demo/models?x=1`, {
      headers: { 'x-request-id': 'mine' },
    });
    expect(answer.headers.get('x-request-id')).toBe('mine');
    expect(await answer.json()).toMatchObject({
      url: '/p/demo/models?x=1',
      headers: {
        'x-request-id': 'mine',
        traceparent: expect.stringMatching(/^00-/),
        'x-forwarded-for': expect.any(String),
      },
    });
    expect(await proxy.metric('wakefield_http_requests_total{route="api",code="200"')).toBe(1);
  });

  it('is told when the api is away', async () => {
    api.closeAllConnections();
    api.close();
    const answer = await fetch(`${proxy.url}/p`);
    expect(answer.status).toBe(502);
    expect((await errorOf(answer)).error.code).toBe('upstream_error');
  });

  it('may be a WebSocket', async () => {
    const client = await rawClient(proxy.port);
    client.send(
      'GET /live HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nx-request-id: ws-1\r\n\r\n',
    );
    await until('switched', () => client.text().includes('ws-1'));
    client.send('ping');
    await until('echoed', () => client.text().endsWith('ping'));
    client.socket.destroy();
  });
});

describe('a client that reads slowly', () => {
  const piece = `data: ${'x'.repeat(65_536)}\n\n`;
  const endless = (state: { written: number }) => (response: ServerResponse) => {
    response.writeHead(200, sseHeaders);
    const pump = (): void => {
      let free = true;
      while (free && !response.destroyed) {
        free = response.write(piece);
        state.written += piece.length;
      }
      response.once('drain', pump);
    };
    pump();
  };

  it('slows its engine down, and is cut off when it stops reading', async () => {
    const state = { written: 0 };
    engine.answer(endless(state));
    const client = await rawClient(proxy.port);
    client.socket.pause();
    const body = '{"model":"a/b","stream":true}';
    client.send(
      `POST /p/demo/openai/v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    await until('stalled', async () => {
      const before = state.written;
      await new Promise((resolve) => setTimeout(resolve, 150));
      return state.written > 0 && state.written === before;
    });
    // Socket buffers on both sides, and not much in between.
    expect(state.written).toBeLessThan(16 * 1024 * 1024);
    await until('engine let go', () => engine.seen[0]?.aborted === true);
    expect(await proxy.metric('wakefield_requests_in_flight')).toBe(0);
    client.socket.destroy();
  });
});

describe('a client that goes away', () => {
  it.each([true, false])('takes its engine along (stream: %s)', async (stream) => {
    engine.answer((response) => {
      if (!stream) return;
      response.writeHead(200, sseHeaders);
      response.write('data: {}\n\n');
    });
    const controller = new AbortController();
    const answer = chat(proxy.url, { stream }, { signal: controller.signal }).catch(() => null);
    await until('asked', () => engine.seen.length === 1);
    if (stream) await (await answer)?.body?.getReader().read();
    controller.abort();
    await until('engine let go', () => engine.seen[0]?.aborted === true, 1000);
    expect(await proxy.metric('wakefield_requests_in_flight')).toBe(0);
  });
});

describe('shutting down', () => {
  it('lets running and held requests end, takes no new connections', async () => {
    const finish = Promise.withResolvers<void>();
    engine.answer((response) => void finish.promise.then(() => json(response, 200, {})));
    const running = chat(proxy.url);
    const held = chat(proxy.url, { model: 'c/d' });
    await until(
      'busy',
      async () => (await proxy.metric('wakefield_held_requests')) === 1 && engine.seen.length === 1,
    );
    const stopped = proxy.stop();
    await until('closed', () =>
      fetch(`${proxy.url}/health`).then(
        () => false,
        () => true,
      ),
    );
    proxy.route('c/d', { state: 'ready', idle: false, endpoints: [endpoint(engine.port)] });
    finish.resolve();
    expect((await running).status).toBe(200);
    expect((await held).status).toBe(200);
    await stopped;
    expect(proxy.withdrawn()).toBe(true);
  });

  it('ends what does not end by itself', async () => {
    await proxy.stop();
    proxy = await startHarness({ drainMs: 200 });
    proxy.route('c/d', {});
    const plain = chat(proxy.url, { model: 'c/d' });
    const stream = chat(proxy.url, { model: 'c/d', stream: true });
    await stream;
    await proxy.stop();
    expect((await plain).status).toBe(503);
    expect(await (await stream).text()).toContain('"code":"shutting_down"');
  });
});
