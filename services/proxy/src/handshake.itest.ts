import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type BareEngine, startBareEngine } from '../test/bare-engine.ts';
import { endpoint, key, until } from '../test/harness.ts';
import { useRawClients } from '../test/raw.ts';
import { type RecordingApi, startRecordingApi } from '../test/recording-api.ts';
import { useScene } from '../test/scene.ts';

let api: RecordingApi;
let bare: BareEngine;
beforeEach(async () => {
  api = await startRecordingApi();
  bare = await startBareEngine();
});
const scene = useScene(() => ({ apiUrl: api.url }));
afterEach(async () => {
  await bare.close();
  await api.close();
});
const connect = useRawClients();

const path = '/p/demo/openai/v1/realtime?model=bare/one';
const version = 'sec-websocket-version: 13\r\n';
const nonce = 'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
const wanted = 'connection: Upgrade\r\nupgrade: websocket\r\n';
const whole = wanted + version + nonce;
const evil = 'GET /p/demo/models HTTP/1.1\r\nhost: x\r\n\r\n';
/** The answer to the nonce, as RFC 6455 §1.3 has it. */
const taken =
  'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n';

function offer(lines: string, line = `GET ${path} HTTP/1.1`): string {
  return `${line}\r\nhost: x\r\nauthorization: Bearer ${key}\r\n${lines}\r\n`;
}

/** Sends it, and reads until the connection is over. */
async function answerTo(text: string): Promise<string> {
  const client = await connect(scene.proxy.port);
  client.send(text);
  return await client.closed();
}

/** An offer that is with the engine. */
async function offered(lines = whole, target = path) {
  await serveBare();
  const client = await connect(scene.proxy.port);
  client.send(offer(lines, `GET ${target} HTTP/1.1`));
  await until('offered', () => bare.lines[0]?.heard().endsWith('\r\n\r\n') === true);
  const [line] = bare.lines;
  if (line === undefined) throw new Error('no connection');
  return { client, line };
}

async function serveBare(): Promise<void> {
  const { port } = bare.address;
  const endpoints = [endpoint(port, 'job-1')];
  scene.proxy.route('bare/one', { state: 'ready', idle: false, endpoints });
  await scene.proxy.caughtUp();
}

describe('what is no offer of WebSocket', () => {
  it.each([
    ['nothing offered', ''],
    ['Connection that names no upgrade', `upgrade: websocket\r\n${version}${nonce}`],
    ['another protocol', `connection: upgrade\r\nupgrade: h2c\r\n${version}${nonce}`],
    [
      'HTTP/2',
      'connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n',
    ],
    ['an older version', `${wanted}${nonce}sec-websocket-version: 8\r\n`],
    ['a version that is none', `${wanted}${nonce}sec-websocket-version: 13, 8\r\n`],
    ['no version', `${wanted}${nonce}`],
  ])('is told what would be: %s', async (_, lines) => {
    const answer = await answerTo(offer(lines));
    expect(answer).toMatch(/^HTTP\/1.1 426 /);
    expect(answer).toMatch(/\r\nsec-websocket-version: 13\r\n/i);
    expect(answer).toMatch(/\r\nupgrade: websocket\r\n/i);
    expect(answer).toMatch(/\r\nconnection: upgrade, close\r\n/i);
    expect(answer).toContain('"upgrade_required"');
  });

  it('is told so in HTTP/1.0', async () => {
    const answer = await answerTo(offer(whole, `GET ${path} HTTP/1.0`));
    expect(answer).toMatch(/^HTTP\/1.1 426 /);
  });

  it.each([
    ['a length', `${whole}content-length: ${evil.length}\r\n`, evil],
    ['a length of nothing', `${whole}content-length: 0\r\n`, evil],
    ['chunks', `${whole}transfer-encoding: chunked\r\n`, `0\r\n\r\n${evil}`],
    ['a nonce too short', `${wanted}${version}sec-websocket-key: AAAA\r\n`, evil],
    ['two nonces', `${whole}${nonce}`, evil],
    ['no nonce', `${wanted}${version}`, evil],
    ['two protocols', `${whole}upgrade: h2c\r\n`, evil],
    ['bytes behind it', whole, evil],
  ])('is refused, and nothing behind it is read: %s', async (_, lines, behind) => {
    await serveBare();
    const answer = await answerTo(offer(lines) + behind);
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
    expect(answer.match(/HTTP\/1.1 \d+/g)).toHaveLength(1);
    expect(answer).toMatch(/\r\nconnection: close\r\n/i);
    expect([api.seen.length, bare.lines.length]).toEqual([0, 0]);
  });

  it.each(['POST', 'HEAD', 'PUT'])('has another method: %s', async (method) => {
    const answer = await answerTo(offer(whole, `${method} ${path} HTTP/1.1`));
    expect(answer).toMatch(/^HTTP\/1.1 405 /);
    expect(answer).toMatch(/\r\nallow: GET\r\n/i);
  });

  it('comes behind a request that is not answered', async () => {
    const slow = Promise.withResolvers<void>();
    api.answer((response) => void slow.promise.then(() => response.end('late')));
    await serveBare();
    const client = await connect(scene.proxy.port);
    client.send(`GET /slow HTTP/1.1\r\nhost: x\r\n\r\n${offer(whole)}`);
    await until('asked', () => api.seen.length === 1);
    slow.resolve();
    const text = await client.closed();
    expect(text.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 400']);
    expect(bare.lines).toHaveLength(0);
  });

  it('is ignored where no session is served', async () => {
    const target = '/p/demo/openai/v1/models';
    const answer = await answerTo(offer(whole, `GET ${target} HTTP/1.1`));
    expect(answer).toMatch(/^HTTP\/1.1 200 /);
  });
});

describe('an offer on its way to the engine', () => {
  it('has our key, the nonce, and nothing that speaks of the client’s connection', async () => {
    const { line } = await offered(
      `${whole}cookie: a=b\r\nsec-websocket-extensions: permessage-deflate\r\nsec-websocket-protocol: realtime, openai-insecure-api-key.${key}\r\nx-mine: 1\r\n`,
    );
    const heard = line.heard();
    expect(heard).toMatch(/^GET \/v1\/realtime\?model=bare\/one HTTP\/1.1\r\n/);
    expect(heard).toMatch(/\r\nauthorization: Bearer key-of-job-1\r\n/);
    expect(heard).toMatch(/\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n/);
    expect(heard).toMatch(/\r\nSec-WebSocket-Protocol: realtime\r\n/);
    expect(heard).toMatch(/\r\nx-mine: 1\r\n/);
    expect(heard).toMatch(/\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n$/);
    expect(heard).not.toContain(key);
    expect(heard).not.toMatch(/cookie|deflate|content-length/i);
  });

  it.each([
    ['a refusal', 'HTTP/1.1 400 Bad\r\ncontent-length: 2\r\n\r\nno', 400],
    ['one without an end', 'HTTP/1.1 429 Slow\r\n\r\nno', 429],
    ['an answer that ignores it', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nno', 200],
  ])('comes back as it was answered: %s', async (_, text, status) => {
    const { client, line } = await offered();
    line.say(text);
    if (!text.includes('content-length')) line.socket.end();
    const answer = await client.closed();
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toMatch(/\r\nconnection: close\r\n/i);
    expect(answer.endsWith('no')).toBe(true);
    // What else it says is nobody's: the connection is never used again.
    await until('closed', () => line.ended());
  });

  it.each([
    ['another protocol', taken.replace('websocket', 'h2c')],
    ['no protocol', taken.replace('Upgrade: websocket\r\n', '')],
    ['HTTP/1.0', taken.replace('HTTP/1.1', 'HTTP/1.0')],
  ])('is not taken by %s', async (_, text) => {
    const { client, line } = await offered();
    line.say(text);
    await until('closed', () => line.ended());
    // It is asked twice more, as after any connection that broke before an answer.
    await until('again', () => {
      for (const one of bare.lines.slice(1)) one.socket.destroy();
      return client.text() !== '' || client.socket.destroyed;
    });
    expect(client.text()).toMatch(/^HTTP\/1.1 502 /);
  });

  it('is nothing that a plain request could be answered with', async () => {
    await serveBare();
    const client = await connect(scene.proxy.port);
    const body = '{"model":"bare/one"}';
    client.send(
      `POST /p/demo/openai/v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    await until('refused', () => {
      for (const one of bare.lines) if (one.heard() !== '' && !one.ended()) one.say(taken);
      return client.text() !== '';
    });
    expect(client.text()).toMatch(/^HTTP\/1.1 502 /);
  });
});

describe('once the offer is taken', () => {
  it('bytes pass as they are, both ways, and end with either side', async () => {
    const { client, line } = await offered();
    line.say(`${taken}\x81\x02hi`);
    await until('told', () => client.text().endsWith('\x81\x02hi'));
    expect(client.text()).toMatch(/^HTTP\/1.1 101 Switching Protocols\r\n/);
    expect(client.text()).toMatch(/\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/);
    expect(client.text().match(/upgrade: websocket/gi)).toHaveLength(1);
    client.send(evil);
    await until('passed on', () => line.heard().endsWith(evil));
    expect(api.seen).toHaveLength(0);
    client.socket.destroy();
    await until('ended', () => line.ended());
  });

  it('the connection may have brought other requests before', async () => {
    await serveBare();
    const client = await connect(scene.proxy.port);
    client.send('GET /health HTTP/1.1\r\nhost: x\r\n\r\n');
    await until('answered', () => client.text().includes('"status":"OK"'));
    client.send(offer(whole));
    await until('offered', () => bare.lines[0]?.heard().endsWith('\r\n\r\n') === true);
    bare.lines[0]?.say(`${taken}\x81\x02hi`);
    await until('told', () => client.text().endsWith('\x81\x02hi'));
    expect(client.text().match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 101']);
  });

  it('a client that hangs up while it waits is gone', async () => {
    await serveBare();
    const client = await connect(scene.proxy.port);
    client.send(offer(whole, `GET ${path.replace('bare/one', 'c/d')} HTTP/1.1`));
    await until('held', async () => (await scene.proxy.metric('wakefield_held_requests')) === 1);
    client.socket.end();
    await until('gone', async () => (await scene.proxy.metric('wakefield_held_requests')) === 0);
  });

  it('a client that speaks before its answer is cut off', async () => {
    const { client, line } = await offered();
    client.send('\x81\x80abcd');
    await client.closed();
    await until('ended', () => line.ended());
    expect(line.heard()).not.toContain('abcd');
  });
});
