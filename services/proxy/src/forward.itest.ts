import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  completion,
  json,
  ok,
  type ScriptedEngine,
  startEngine,
  streaming,
} from '../test/engine.ts';
import { chat, endpoint, type Harness, key, startHarness, until } from '../test/harness.ts';

let proxy: Harness;
let engine: ScriptedEngine;

beforeEach(async () => {
  engine = await startEngine();
  proxy = await startHarness();
  proxy.route('a/b', { state: 'ready', idle: false, endpoints: [endpoint(engine.port, 'job-1')] });
  await until('routed', async () => (await chat(proxy.url)).status === 200);
  engine.seen.length = 0;
});

afterEach(async () => {
  await proxy.stop();
  await engine.close();
});

describe('forwarding', () => {
  it('passes the body on unchanged, with safe headers and the engine key', async () => {
    const body = '{"messages":[],\n "unknown_field": {"model":"x"}, "model" : "a/b"}';
    const answer = await chat(proxy.url, body, {
      headers: {
        'x-custom': 'kept',
        cookie: 'login=secret',
        'x-request-id': 'mine-1',
        te: 'trailers',
      },
    });
    expect(await answer.json()).toEqual(completion('stop', 'Hello.'));
    expect(answer.headers.get('x-request-id')).toBe('mine-1');
    expect(answer.headers.get('server')).toBe('uvicorn');
    const [seen] = engine.seen;
    expect(seen).toMatchObject({ method: 'POST', url: '/v1/chat/completions', body });
    expect(seen?.headers).toMatchObject({
      authorization: 'Bearer key-of-job-1',
      'x-custom': 'kept',
      'content-type': 'application/json',
      'content-length': String(body.length),
      host: `127.0.0.1:${engine.port}`,
    });
    expect(seen?.headers['x-request-id']).toMatch(/^mine-1-/);
    expect(seen?.headers).not.toHaveProperty('cookie');
    expect(seen?.headers).not.toHaveProperty('te');
  });

  it.each([false, true])(
    'an engine does not speak for this site to browsers, streamed: %s',
    async (stream) => {
      const ofTheSite = {
        'set-cookie': ['__Host-wakefield_session=mine; Path=/; Secure', 'b=c'],
        'clear-site-data': '"cookies"',
        'strict-transport-security': 'max-age=1',
        'www-authenticate': 'Basic',
        'access-control-allow-origin': '*',
        'access-control-allow-credentials': 'true',
        'alt-svc': 'h3=":443"',
        nel: '{}',
      };
      engine.answer((response, seen) => {
        for (const [name, value] of Object.entries(ofTheSite)) response.setHeader(name, value);
        response.setHeader('x-content-type-options', 'sniff');
        response.setHeader('x-own', 'kept');
        if (stream) void streaming(['Hi'])(response, seen);
        else json(response, 200, completion('stop', 'Hello.'));
      });
      const { headers, status } = await chat(proxy.url, { stream });
      expect(status).toBe(200);
      for (const name of Object.keys(ofTheSite))
        expect([name, headers.get(name)]).toEqual([name, null]);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('x-own')).toBe('kept');
    },
  );

  it('gives every request an id of its own at the engine, whatever callers send', async () => {
    const given = { 'x-request-id': `req_${'0123456789abcdef'.repeat(2)}` };
    const twice = [
      chat(proxy.url, {}, { headers: given }),
      chat(proxy.url, {}, { headers: given }),
    ];
    for (const answer of await Promise.all(twice)) {
      expect(answer.headers.get('x-request-id')).toBe(given['x-request-id']);
    }
    const [one, two] = engine.seen.map(({ headers }) => headers['x-request-id']);
    expect(one).toMatch(/^req_[0-9a-f]{32}-[0-9a-f]{8}$/);
    expect(two).not.toBe(one);
    const own = (await chat(proxy.url)).headers.get('x-request-id');
    expect(engine.seen[2]?.headers['x-request-id']).toBe(own);
  });

  it('passes a large body on unchanged, on another engine, too', async () => {
    const padding = 'ü"\\'.repeat(100_000);
    const body = JSON.stringify({ padding, model: 'a/b' });
    engine.answer((response) => {
      if (engine.seen.length === 1) response.socket?.destroy();
      else json(response, 200, {});
    });
    expect((await chat(proxy.url, body)).status).toBe(200);
    expect(engine.seen.map((seen) => seen.body === body)).toEqual([true, true]);
    expect(engine.seen[1]?.headers).toMatchObject({
      'content-length': String(Buffer.byteLength(body)),
    });
    expect(engine.seen[1]?.headers).not.toHaveProperty('transfer-encoding');
  });

  it('keeps the query string and the other operations apart', async () => {
    for (const operation of ['completions', 'embeddings']) {
      const answer = await fetch(`${proxy.url}/p/demo/openai/v1/${operation}?x=%2F`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}` },
        body: '{"model":"a/b"}',
      });
      expect(answer.status).toBe(200);
      await answer.arrayBuffer();
    }
    expect(engine.seen.map(({ url }) => url)).toEqual([
      '/v1/completions?x=%2F',
      '/v1/embeddings?x=%2F',
    ]);
  });

  it('passes the own errors of the engine through', async () => {
    const error = {
      error: { message: 'too long', type: 'BadRequestError', param: null, code: 400 },
    };
    engine.answer((response) => json(response, 400, error));
    const answer = await chat(proxy.url);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toEqual(error);
  });

  it('passes a stream on, byte for byte', async () => {
    const script = streaming(['Hel', 'lo']);
    engine.answer(script);
    const answer = await chat(proxy.url, { stream: true });
    expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    const text = await answer.text();
    expect(text.split('\n\n')).toHaveLength(6);
    expect(text).toMatch(/data: \[DONE\]\n\n$/);
  });

  it('reuses connections', async () => {
    const before = engine.connections();
    for (let round = 0; round < 5; round += 1) await (await chat(proxy.url)).text();
    expect(engine.connections() - before).toBeLessThanOrEqual(1);
  });

  it('counts requests and tokens', async () => {
    engine.answer(ok);
    await (await chat(proxy.url)).text();
    await until(
      'counted',
      async () => (await proxy.metric('wakefield_tokens_total{kind="prompt"')) >= 3,
    );
    expect(
      await proxy.metric('wakefield_http_requests_total{route="chat_completions",code="200"'),
    ).toBeGreaterThan(0);
  });
});
