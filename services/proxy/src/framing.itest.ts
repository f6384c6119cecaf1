import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { until } from '../test/harness.ts';
import { rawClient } from '../test/raw.ts';
import { type RecordingApi, startRecordingApi } from '../test/recording-api.ts';
import { useScene } from '../test/scene.ts';

let api: RecordingApi;
beforeEach(async () => {
  api = await startRecordingApi();
});
const scene = useScene(() => ({ apiUrl: api.url }));
afterEach(() => api.close());

/** What the attacker wants the api to take for a request. */
const evil = 'DELETE /p/demo/models?hf_model_id=x&stop=true HTTP/1.1\r\nhost: x\r\nx: ';
const length = `content-length: ${evil.length}\r\n`;
const chunks = `${evil.length.toString(16)}\r\n${evil}\r\n0\r\n`;
const encoding = 'transfer-encoding: chunked\r\n';
const many = (count: number) =>
  Array.from({ length: count }, (_, index) => `${index.toString(36)}:\r\n`).join('');

/** Sends it, and closes when the answer is there. */
async function ask(text: string): Promise<string> {
  const client = await rawClient(scene.proxy.port);
  client.send(text);
  await until('answered', () => client.socket.destroyed || client.text().includes('\r\n\r\n'));
  client.socket.end();
  return await client.closed();
}

/** Another caller, right behind: the api has to see exactly this, whatever came before. */
async function askAsVictim(told = 'answer to GET /victim'): Promise<void> {
  const answer = await ask(
    'GET /victim HTTP/1.1\r\nhost: x\r\nauthorization: Bearer VICTIM\r\n\r\n',
  );
  expect(answer).toMatch(/^HTTP\/1.1 200 /);
  expect(answer).toContain(told);
}

const lines = () => api.seen.map(({ line, body }) => [line, body]);
/** The api's connection of each request. */
const connections = () => api.seen.map(({ connection }) => connection);
const victim = ['GET /victim', ''];
const methods = [
  'GET',
  'HEAD',
  'DELETE',
  'OPTIONS',
  'POST',
  'PUT',
  'PATCH',
  'TRACE',
  'QUERY',
  'PROPFIND',
];

describe('a request with a body', () => {
  it.each(methods)(
    'is one request for the api, whatever the method (%s, length)',
    async (method) => {
      await ask(`${method} /x HTTP/1.1\r\nhost: x\r\n${length}\r\n${evil}`);
      await askAsVictim();
      expect(lines()).toEqual([[`${method} /x`, evil], victim]);
      expect(connections()).toEqual([0, 1]);
    },
  );

  it.each(methods)(
    'is one request for the api, whatever the method (%s, chunks)',
    async (method) => {
      // A trailer is no header, not even of the name of one.
      const trailer = 'authorization: Bearer T\r\nconnection: content-length\r\n';
      await ask(
        `${method} /x HTTP/1.1\r\nhost: x\r\n${encoding}trailer: authorization\r\n\r\n${chunks}${trailer}\r\n`,
      );
      await askAsVictim();
      expect(lines()).toEqual([[`${method} /x`, evil], victim]);
      expect(api.seen[0]?.headers).not.toHaveProperty('authorization');
      expect(api.seen[0]?.headers).not.toHaveProperty('trailer');
    },
  );

  it.each([
    ['an offer of WebSocket', 'GET', 'connection: upgrade\r\nupgrade: websocket\r\n'],
    [
      'an offer of HTTP/2',
      'POST',
      'connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AA\r\n',
    ],
    [
      'hop-by-hop headers',
      'GET',
      'connection: te, keep-alive, X-Mine\r\nte: trailers\r\nkeep-alive: timeout=1\r\nx-mine: 1\r\n',
    ],
    ['headers of old proxies', 'DELETE', 'proxy-connection: content-length\r\n'],
  ])('is one request for the api with %s', async (_, method, offer) => {
    await ask(`${method} /x HTTP/1.1\r\nhost: x\r\n${offer}${length}\r\n${evil}`);
    await askAsVictim();
    expect(lines()).toEqual([[`${method} /x`, evil], victim]);
    expect(connections()).toEqual([0, 1]);
    expect(api.bytes[0]?.split('\r\n\r\n')[0]).not.toMatch(
      /upgrade|te:|x-mine|timeout=|http2|proxy-c/i,
    );
  });

  it('is asked for where the client waits to be, and the api never', async () => {
    const client = await rawClient(scene.proxy.port);
    client.send(`GET /x HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\n${length}\r\n`);
    await until('asked for', () => client.text().includes('100 Continue'));
    client.send(evil);
    await until('answered', () => client.text().includes('answer to'));
    client.socket.destroy();
    await askAsVictim();
    expect(lines()).toEqual([['GET /x', evil], victim]);
    expect(api.bytes[0]).not.toMatch(/expect/i);
    expect(connections()).toEqual([0, 1]);
  });

  it('does not spoil the connection of others when it is cut short', async () => {
    const client = await rawClient(scene.proxy.port);
    client.send(`POST /x HTTP/1.1\r\nhost: x\r\n${length}\r\nhalf`);
    await until('begun', () => api.bytes[0]?.endsWith('half') === true);
    client.socket.destroy();
    await until('ended', () => api.sockets[0]?.destroyed === true);
    await askAsVictim();
    expect(lines()).toEqual([victim]);
  });

  it('does not spoil the connection of others when the api answers before it is there', async () => {
    api.answer((response) => response.writeHead(401).end('no'));
    const client = await rawClient(scene.proxy.port);
    client.send(`POST /x HTTP/1.1\r\nhost: x\r\n${length}\r\nhalf`);
    await until('answered', () => client.text().includes('401'));
    expect(await ask('GET /victim HTTP/1.1\r\nhost: x\r\n\r\n')).toMatch(/^HTTP\/1.1 401 /);
    expect(lines()).toEqual([victim]);
    client.send(evil.slice(4));
    client.socket.destroy();
    await ask('GET /victim HTTP/1.1\r\nhost: x\r\n\r\n');
    expect(lines().at(-1)).toEqual(victim);
    expect(lines().every(([line]) => line === 'GET /victim' || line === 'POST /x')).toBe(true);
  });
});

describe('a request without a body', () => {
  it.each(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'POST', 'PUT', 'QUERY'])(
    'has none on its way to the api (%s)',
    async (method) => {
      await ask(`${method} /x HTTP/1.1\r\nhost: x\r\n\r\n`);
      await askAsVictim();
      expect(lines()).toEqual([[`${method} /x`, ''], victim]);
      // What changes nothing shares a connection, everything else has one of its own.
      expect(connections()).toEqual(['GET', 'HEAD'].includes(method) ? [0, 0] : [0, 1]);
      expect(api.bytes[0]).not.toMatch(/transfer-encoding|content-length: [1-9]/i);
    },
  );
});

describe('behind the last request of a connection', () => {
  const get = (path: string, headers = '') => `GET ${path} HTTP/1.1\r\nhost: x\r\n${headers}\r\n`;
  it.each([
    ['an offer that is not taken', 'connection: upgrade\r\nupgrade: websocket\r\n'],
    ['one that says so', 'connection: close\r\n'],
    ['one that is refused', 'connection: host\r\n'],
  ])('nothing is done: %s', async (_, headers) => {
    const slow = Promise.withResolvers<void>();
    api.answer((response) => void slow.promise.then(() => response.end('late')));
    const client = await rawClient(scene.proxy.port);
    client.send(get('/a', headers) + get('/b'));
    const isRefused = () => client.text().includes(' 400 ');
    await until('asked', () => api.seen.length === 1 || isRefused());
    // The same in a packet of its own.
    client.send(get('/c'));
    slow.resolve();
    const text = await client.closed();
    expect(text.match(/HTTP\/1.1 \d+/g)).toEqual([isRefused() ? 'HTTP/1.1 400' : 'HTTP/1.1 200']);
    expect(text.toLowerCase()).toContain('connection: close');
    await askAsVictim('late');
    expect(api.seen.map(({ line }) => line)).toEqual(
      isRefused() ? ['GET /victim'] : ['GET /a', 'GET /victim'],
    );
  });
});

describe('a head that could be read in two ways', () => {
  const get = (headers: string, rest = '') => `GET /x HTTP/1.1\r\nhost: x\r\n${headers}\r\n${rest}`;
  it.each<[string, string, number]>([
    ['Connection names the length', get(`connection: content-length\r\n${length}`, evil), 400],
    ['in other letters', get(`cOnNection: Content-LENGTH\r\n${length}`, evil), 400],
    ['among others', get(`connection: keep-alive ,\tcontent-length,\r\n${length}`, evil), 400],
    [
      'in a second line',
      get(`connection: close\r\nconnection: content-length\r\n${length}`, evil),
      400,
    ],
    ['behind the length', get(`${length}connection: content-length\r\n`, evil), 400],
    [
      'Connection names the encoding',
      get(`connection: transfer-encoding\r\n${encoding}`, `${chunks}\r\n`),
      400,
    ],
    ['Connection names the host', get('connection: host\r\n'), 400],
    [
      'Connection names the key',
      get('connection: authorization\r\nauthorization: Bearer k\r\n'),
      400,
    ],
    ['Connection names the type', get('connection: content-type\r\n'), 400],
    ['Connection names where it is from', get('connection: X-Forwarded-For, origin\r\n'), 400],
    ['two hosts', get('host: y\r\n'), 400],
    ['two hosts in one', 'GET /x HTTP/1.1\r\nhost: x, y\r\n\r\n', 400],
    ['two lengths', get(`${length}${length}`, evil), 400],
    ['two lengths in one', get('content-length: 4, 4\r\n', 'evil'), 400],
    ['a length with a sign', get('content-length: +4\r\n', 'evil'), 400],
    ['no length where one is named', get('content-length:\r\n', 'evil'), 400],
    ['a length and an encoding', get(`${length}${encoding}`, `${chunks}\r\n`), 400],
    ['two codings', get('transfer-encoding: gzip, chunked\r\n', `${chunks}\r\n`), 400],
    ['twice the same coding', get(`${encoding}${encoding}`, `${chunks}\r\n`), 400],
    ['a coding with parameters', get('transfer-encoding: chunked;q=1\r\n', `${chunks}\r\n`), 400],
    ['no coding', get('transfer-encoding:\r\n', `${chunks}\r\n`), 400],
    ['chunks of HTTP/1.0', `GET /x HTTP/1.0\r\n${encoding}\r\n${chunks}\r\n`, 400],
    [
      'an underscore',
      get(`content_length: 1\r\n${length}connection: content-length\r\n`, evil),
      400,
    ],
    ['a length behind a thousand headers', get(`${many(1100)}${length}`, evil), 431],
    ['chunks behind a thousand headers', get(`${many(1100)}${encoding}`, `${chunks}\r\n`), 431],
    [
      'Connection behind a thousand headers',
      get(`${length}${many(1100)}connection: content-length\r\n`, evil),
      431,
    ],
    ['a target without its host', 'GET http:///x HTTP/1.1\r\nhost: x\r\n\r\n', 400],
  ])('is refused: %s', async (_, text, status) => {
    const client = await rawClient(scene.proxy.port);
    client.send(text);
    const answer = await client.closed();
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toContain('"code":"invalid_request"');
    expect(answer.match(/HTTP\/1.1 \d/g)).toHaveLength(1);
    await askAsVictim();
    expect(lines()).toEqual([victim]);
    expect(scene.engine.seen).toHaveLength(0);
  });

  it('is read in one where the target names the host (RFC 9112 §3.2.2)', async () => {
    await ask('GET http://u@b.example:81/x?y HTTP/1.1\r\nhost: a.example\r\n\r\n');
    expect(api.seen[0]).toMatchObject({ line: 'GET /x?y', headers: { host: 'b.example:81' } });
  });

  it.each(['//', '//x', '/\\x', '*', '/%', '/x?//'])('is answered: target %s', async (target) => {
    expect(await ask(`OPTIONS ${target} HTTP/1.1\r\nhost: x\r\n\r\n`)).toMatch(/^HTTP\/1.1 \d/);
    await askAsVictim();
    expect(lines().at(-1)).toEqual(victim);
    expect(new Set(connections()).size).toBe(api.seen.length);
  });
});
