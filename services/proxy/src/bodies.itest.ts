import { describe, expect, it } from '@jest/globals';
import { auth, chat, until } from '../test/harness.ts';
import { rawClient, rawHead, rawRequest } from '../test/raw.ts';
import { useScene, wake } from '../test/scene.ts';

const scene = useScene();
const codeOf = async (answer: Response) =>
  ((await answer.json()) as { error: { code: string } }).error.code;
const chunked = rawHead('transfer-encoding: chunked\r\n');

describe('a body that is too large', () => {
  it('is refused unread when it says so, and the client reads why', async () => {
    const answer = await chat(scene.proxy.url, 'x'.repeat(2 * 1024 * 1024));
    expect(answer.status).toBe(413);
    expect(await codeOf(answer)).toBe('payload_too_large');
  });

  it('is refused on the way when that turns out there', async () => {
    const client = await rawClient(scene.proxy.port);
    client.send(chunked);
    for (let sent = 0; sent < 40; sent += 1) client.send(`10000\r\n${'x'.repeat(65_536)}\r\n`);
    client.send('0\r\n\r\n');
    await until('answered', () => client.text().includes('payload_too_large'));
    expect(client.text()).toMatch(/^HTTP\/1.1 413 /);
    // The rest was read and dropped: the connection is still good.
    client.send('GET /health HTTP/1.1\r\nhost: x\r\n\r\n');
    await until('answered', () => client.text().includes('"status":"OK"'));
    client.socket.destroy();
  });
});

describe('a body in pieces', () => {
  it('arrives at the engine as one, without its trailers', async () => {
    const client = await rawClient(scene.proxy.port);
    client.send(chunked);
    client.send('a\r\n{"model":"\r\n');
    await until('begun', () => client.socket.bytesWritten > 0);
    client.send('5;x=y\r\na/b"}\r\n0\r\nx-trailer: 1\r\n\r\n');
    await until('answered', () => client.text().includes('HTTP/1.1 200'));
    expect(scene.engine.seen[0]).toMatchObject({ body: '{"model":"a/b"}' });
    expect(scene.engine.seen[0]?.headers).toMatchObject({ 'content-length': '15' });
    expect(scene.engine.seen[0]?.headers).not.toHaveProperty('x-trailer');
    client.socket.destroy();
  });

  it('that breaks its framing is refused, and nothing of it goes on', async () => {
    const client = await rawClient(scene.proxy.port);
    client.send(`${chunked}f\r\n{"model":"a/b"}\r\nnonsense\r\n\r\n`);
    expect(await client.closed()).toMatch(/^HTTP\/1.1 400 /);
    expect(scene.engine.seen).toHaveLength(0);
  });
});

describe('a body that does not come', () => {
  it('is answered with 408', async () => {
    await scene.restart({}, { body: { maxBytes: 1000, timeoutMs: 200 } });
    const client = await rawClient(scene.proxy.port);
    client.send(`${rawHead('content-length: 100\r\n')}{"model"`);
    await until('answered', () => client.text().includes('request_timeout'));
    expect(client.text()).toMatch(/^HTTP\/1.1 408 /);
    client.socket.destroy();
  });

  it('is answered with 408 when it comes by the byte', async () => {
    await scene.restart({}, { body: { maxBytes: 1000, timeoutMs: 200 } });
    const client = await rawClient(scene.proxy.port);
    client.send(rawHead('content-length: 900\r\n'));
    const dripping = setInterval(() => client.send(' '), 20);
    await until('answered', () => client.text().includes('request_timeout'), 2000);
    clearInterval(dripping);
    client.socket.destroy();
  });

  it('is waited for as long as it comes at some pace', async () => {
    await scene.restart({}, { body: { maxBytes: 8 * 1024 * 1024, timeoutMs: 250 } });
    const client = await rawClient(scene.proxy.port);
    const piece = ' '.repeat(300_000);
    client.send(rawHead(`content-length: ${10 * piece.length + 15}\r\n`));
    for (let sent = 1; sent <= 10; sent += 1) {
      client.send(piece);
      await new Promise((resolve) => setTimeout(resolve, 80));
    }
    client.send('{"model":"a/b"}');
    await until('answered', () => client.text().includes('HTTP/1.1 200'));
    client.socket.destroy();
  });

  it('leaves nothing behind when its client goes', async () => {
    const client = await rawClient(scene.proxy.port);
    client.send(`${rawHead('content-length: 100\r\n')}{"model"`);
    await until('read', async () => (await scene.proxy.metric('wakefield_body_bytes')) === 8);
    client.socket.destroy();
    await until('let go', async () => (await scene.proxy.metric('wakefield_body_bytes')) === 0);
    const counted = () => scene.proxy.metric('wakefield_http_requests_total{code="499"');
    await until('counted', async () => (await counted()) === 1);
  });
});

describe('a client that asks before it sends', () => {
  const expecting = 'expect: 100-continue\r\n';

  it('is told to go on, and may stay', async () => {
    const client = await rawClient(scene.proxy.port);
    client.send(rawHead(`${expecting}content-length: 15\r\n`));
    await until('asked', () => client.text().includes('100 Continue'));
    client.send('{"model":"a/b"}');
    await until('answered', () => client.text().includes('HTTP/1.1 200'));
    expect(scene.engine.seen[0]?.headers).not.toHaveProperty('expect');
    client.send(rawRequest('{"model":"a/b"}'));
    await until('answered again', () => client.text().split('HTTP/1.1 200').length === 3);
    client.socket.destroy();
  });

  it.each([
    ['too much', rawHead(`${expecting}content-length: 99999999\r\n`), 413],
    [
      'without a key',
      `POST /p/demo/openai/v1/embeddings HTTP/1.1\r\nhost: x\r\n${expecting}content-length: 9\r\n\r\n`,
      401,
    ],
  ])('is refused when it offers %s; what comes then is of no use', async (_, head, status) => {
    const client = await rawClient(scene.proxy.port);
    client.send(head);
    const text = await client.closed();
    expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(text).not.toContain('100 Continue');
  });

  it('is refused when it expects something else', async () => {
    const client = await rawClient(scene.proxy.port);
    client.send(rawHead('expect: miracles\r\ncontent-length: 0\r\n'));
    await until('answered', () => client.text().includes('"param":"expect"'));
    client.socket.destroy();
  });
});

describe('room for bodies', () => {
  const large = { model: 'c/d', padding: 'x'.repeat(60_000) };

  it('is bounded for all requests together, and free again when they are over', async () => {
    await scene.restart({ bodyRoomBytes: 100_000 });
    const first = chat(scene.proxy.url, large);
    await until('held', async () => (await scene.proxy.metric('wakefield_held_requests')) === 1);
    const second = await chat(scene.proxy.url, large);
    expect(second.status).toBe(503);
    expect(second.headers.get('retry-after')).not.toBeNull();
    expect(await codeOf(second)).toBe('overloaded');
    expect((await chat(scene.proxy.url)).status).toBe(200);
    wake(scene.proxy, scene.engine, 'c/d');
    expect((await first).status).toBe(200);
    expect((await chat(scene.proxy.url, large)).status).toBe(200);
    expect(await scene.proxy.metric('wakefield_body_bytes')).toBe(0);
  });

  it('is not for one project alone', async () => {
    await scene.restart({ bodyRoomBytes: 400_000 });
    scene.proxy.addProject('other');
    const waiting = Array.from({ length: 8 }, () => chat(scene.proxy.url, large));
    const refused = await Promise.race(waiting);
    expect(await codeOf(refused)).toBe('overloaded');
    const other = await fetch(`${scene.proxy.url}/p/other/openai/v1/completions`, {
      method: 'POST',
      headers: auth,
      body: JSON.stringify({ model: 'unknown', padding: 'x'.repeat(10_000) }),
    });
    expect(await codeOf(other)).toBe('model_not_found');
    wake(scene.proxy, scene.engine, 'c/d');
    const all = (await Promise.all(waiting)).map(({ status }) => status);
    expect(all.filter((status) => status === 200).length).toBe(6);
  });

  it('is free as soon as an answer has begun: there is nothing to be sent again', async () => {
    scene.engine.answer((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: {}\n\n');
    });
    const answer = await chat(scene.proxy.url, { stream: true });
    expect(await scene.proxy.metric('wakefield_body_bytes')).toBe(0);
    await answer.body?.cancel();
  });
});
