import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { json } from '../test/engine.ts';
import { auth, until } from '../test/harness.ts';
import { rawClient } from '../test/raw.ts';
import { useScene } from '../test/scene.ts';

let api: Server;
let apiPort: number;
let apiBodies: string[];

/** An api that answers with what it was asked. */
async function startApi(): Promise<void> {
  api = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      apiBodies.push(Buffer.concat(chunks).toString());
      json(response, 200, { url: request.url, headers: request.headers });
    });
  });
  api.listen(apiPort, '127.0.0.1');
  await once(api, 'listening');
  apiPort = (api.address() as AddressInfo).port;
}

beforeAll(async () => {
  apiPort = 0;
  await startApi();
});
afterAll(() => {
  api.closeAllConnections();
  api.close();
});
beforeEach(() => {
  apiBodies = [];
});
const scene = useScene(() => ({ apiUrl: `http://127.0.0.1:${apiPort}` }));

describe('what is answered here', () => {
  it('is health, whatever is down', async () => {
    await scene.restart({ apiUrl: 'http://127.0.0.1:9' });
    scene.proxy.breakStores(true);
    const answer = await fetch(`${scene.proxy.url}/health`);
    expect(await answer.json()).toEqual({ status: 'OK', version: '0.1.0', api_version: '1' });
    expect(answer.headers.get('x-request-id')).toMatch(/^req_/);
    const head = await fetch(`${scene.proxy.url}/health`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
  });

  it('is the list of models, asleep ones too', async () => {
    const card = { object: 'model', created: 1_700_000_000, owned_by: 'demo' };
    const list = await fetch(`${scene.proxy.url}/p/demo/openai/v1/models`, { headers: auth });
    expect(await list.json()).toEqual({
      object: 'list',
      data: [
        { id: 'a/b', ...card },
        { id: 'c/d', ...card },
      ],
    });
    for (const path of ['c/d', 'c%2Fd']) {
      const url = `${scene.proxy.url}/p/demo/openai/v1/models/${path}`;
      expect(await (await fetch(url, { headers: auth })).json()).toEqual({ id: 'c/d', ...card });
      const head = await fetch(url, { method: 'HEAD', headers: auth });
      expect([head.status, await head.text()]).toEqual([200, '']);
    }
  });

  it.each(['OPTIONS', 'HEAD', 'PUT'])('is that inference is not for %s', async (method) => {
    const url = `${scene.proxy.url}/p/demo/openai/v1/chat/completions`;
    const answer = await fetch(url, { method, headers: auth });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
  });
});

describe('everything else', () => {
  it('goes to the api with one id and one trace', async () => {
    const answer = await fetch(`${scene.proxy.url}/p/demo/models?x=1`, {
      headers: { 'x-request-id': 'mine' },
    });
    expect(answer.headers.get('x-request-id')).toBe('mine');
    expect(await answer.json()).toMatchObject({
      url: '/p/demo/models?x=1',
      headers: {
        'x-request-id': 'mine',
        traceparent: expect.stringMatching(/^00-/),
        'x-forwarded-for': '127.0.0.1',
      },
    });
    expect(await scene.proxy.metric('wakefield_http_requests_total{route="api",code="200"')).toBe(
      1,
    );
  });

  it('goes there without headers of one connection', async () => {
    const client = await rawClient(scene.proxy.port);
    client.send(
      'GET /p HTTP/1.1\r\nhost: x\r\nconnection: x-private, keep-alive\r\nx-private: 1\r\nte: trailers\r\nupgrade: h2c\r\nproxy-authorization: y\r\nx-public: 2\r\n\r\n',
    );
    await until('answered', () => client.text().includes('"x-public":"2"'));
    for (const name of ['x-private', 'te"', 'upgrade', 'proxy-authorization']) {
      expect(client.text()).not.toContain(`"${name}`);
    }
    client.socket.destroy();
  });

  it.each(['POST', 'DELETE'])('goes there with its body in pieces (%s)', async (method) => {
    const client = await rawClient(scene.proxy.port);
    const head = `${method} /p HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n`;
    client.send(`${head}2\r\n{}\r\n0\r\n\r\n${head}4\r\n{"":\r\n2\r\n1}\r\n0\r\n\r\n`);
    await until('answered', () => client.text().split('HTTP/1.1 200').length === 3);
    expect(apiBodies).toEqual(['{}', '{"":1}']);
    client.socket.destroy();
  });

  it('is told when the api is away', async () => {
    await scene.restart({ apiUrl: 'http://127.0.0.1:9' });
    const answer = await fetch(`${scene.proxy.url}/p`);
    expect(answer.status).toBe(502);
    expect(await answer.json()).toMatchObject({ error: { code: 'upstream_error' } });
  });
});
