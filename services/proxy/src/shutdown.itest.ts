import { describe, expect, it } from '@jest/globals';
import { chunk, done, json, role, sseHeaders } from '../test/engine.ts';
import { chat, defaultSettings, until } from '../test/harness.ts';
import { rawClient, rawRequest } from '../test/raw.ts';
import { useScene, wake } from '../test/scene.ts';

const scene = useScene();
const isClosed = () =>
  fetch(`${scene.proxy.url}/health`).then(
    () => false,
    () => true,
  );

describe('shutting down', () => {
  it('lets running and held requests end, takes no new connections', async () => {
    const finish = Promise.withResolvers<void>();
    scene.engine.answer((response) => void finish.promise.then(() => json(response, 200, {})));
    const running = chat(scene.proxy.url);
    const held = chat(scene.proxy.url, { model: 'c/d' });
    const busy = async () =>
      (await scene.proxy.metric('wakefield_held_requests')) === 1 && scene.engine.seen.length === 1;
    await until('busy', busy);
    const stopped = scene.proxy.stop();
    await until('closed', isClosed);
    wake(scene.proxy, scene.engine, 'c/d');
    finish.resolve();
    expect((await running).status).toBe(200);
    expect((await held).status).toBe(200);
    await stopped;
    expect(scene.proxy.withdrawn()).toBe(true);
  });

  it('goes on accepting for a while where balancers need time to hear of it', async () => {
    await scene.restart({ drainDelayMs: 400 });
    const client = await rawClient(scene.proxy.port);
    const startedAt = performance.now();
    const stopped = scene.proxy.stop();
    expect((await chat(scene.proxy.url)).status).toBe(200);
    client.send('GET /health HTTP/1.1\r\nhost: x\r\n\r\n');
    expect((await client.closed()).toLowerCase()).toContain('connection: close');
    await until('closed', isClosed);
    expect(performance.now() - startedAt).toBeGreaterThan(390);
    await stopped;
  });

  it('does not wait for a connection that never said anything', async () => {
    const client = await rawClient(scene.proxy.port);
    const startedAt = performance.now();
    await scene.proxy.stop();
    await client.closed();
    // The head of a first request would have had two seconds.
    expect(performance.now() - startedAt).toBeLessThan(1500);
  });

  it.each([
    ['kept idle', 'GET /health HTTP/1.1\r\nhost: x\r\n\r\n'],
    ['at work on a stream', rawRequest('{"model":"a/b","messages":[],"stream":true}')],
  ])(
    'answers what comes on a connection that was %s, and says that it is the last',
    async (_, request) => {
      await scene.restart({ door: { ...defaultSettings.door, lingerMs: 60_000 }, drainMs: 60_000 });
      scene.engine.answer(async (response) => {
        response.writeHead(200, sseHeaders);
        response.write(role + chunk({ content: 'one' }));
        await until('closed', isClosed);
        response.end(done);
      });
      const client = await rawClient(scene.proxy.port);
      client.send(request);
      await until('answered', () => client.text().includes('\r\n\r\n'));
      expect(client.text().toLowerCase()).toContain('connection: keep-alive');
      const stopped = scene.proxy.stop();
      await until('closed', isClosed);
      await until('all of it', () => /\}$|\r\n0\r\n\r\n$/.test(client.text()));
      const before = client.text().length;
      client.send('GET /health HTTP/1.1\r\nhost: x\r\n\r\n');
      const after = (await client.closed()).slice(before);
      expect(after).toMatch(/^HTTP\/1\.1 200 /);
      expect(after.toLowerCase()).toContain('connection: close');
      await stopped;
    },
  );

  it('ends a connection that stays idle, and waits no longer for it', async () => {
    const client = await rawClient(scene.proxy.port);
    client.send('GET /health HTTP/1.1\r\nhost: x\r\n\r\n');
    await until('answered', () => client.text().includes('HTTP/1.1 200'));
    const startedAt = performance.now();
    await scene.proxy.stop();
    await client.closed();
    expect(performance.now() - startedAt).toBeLessThan(2000);
  });

  it('answers a request whose head is on its way', async () => {
    const client = await rawClient(scene.proxy.port);
    client.send('GET /health HT');
    await until('sent', () => client.socket.bytesWritten > 0);
    // Another round trip: the first bytes are there.
    await fetch(`${scene.proxy.url}/health`);
    const stopped = scene.proxy.stop();
    await until('closed', isClosed);
    client.send('TP/1.1\r\nhost: x\r\n\r\n');
    expect(await client.closed()).toMatch(/^HTTP\/1.1 200 /);
    await stopped;
  });

  it('ends what does not end by itself', async () => {
    await scene.restart({ drainMs: 200 });
    const plain = chat(scene.proxy.url, { model: 'c/d' });
    const stream = chat(scene.proxy.url, { model: 'c/d', stream: true });
    await stream;
    await scene.proxy.stop();
    expect((await plain).status).toBe(503);
    expect(await (await stream).text()).toContain('"code":"shutting_down"');
  });

  it.each([
    ['drain', { drainMs: 60_000 }],
    ['delay', { drainMs: 60_000, drainDelayMs: 3000 }],
  ])('waits for nobody any longer when it is told so during the %s', async (_name, settings) => {
    await scene.restart(settings);
    const plain = chat(scene.proxy.url, { model: 'c/d' });
    await until('held', async () => (await scene.proxy.metric('wakefield_held_requests')) === 1);
    const hurry = new AbortController();
    const since = performance.now();
    const stopped = scene.proxy.stop(hurry.signal);
    hurry.abort();
    expect((await plain).status).toBe(503);
    await stopped;
    expect(performance.now() - since).toBeLessThan(2900);
  });

  it('ends a stream in the middle of it with an error event', async () => {
    await scene.restart({ drainMs: 0 });
    scene.engine.answer((response) => {
      response.writeHead(200, sseHeaders);
      for (const piece of [role, chunk({ content: 'one' })]) response.write(piece);
    });
    const answer = await chat(scene.proxy.url, { stream: true });
    await scene.proxy.stop();
    const text = await answer.text();
    expect(text.startsWith(role)).toBe(true);
    expect(text).toMatch(/data: \{"error":.*"shutting_down".*\}\n\n$/);
    await until('told to stop', () => scene.engine.seen[0]?.aborted === true);
  });

  it('cuts off a stream in the middle of an event', async () => {
    await scene.restart({ drainMs: 0 });
    scene.engine.answer((response) => {
      response.writeHead(200, sseHeaders);
      response.write(`${role}data: {"id":`);
    });
    const answer = await chat(scene.proxy.url, {
      stream: true,
      stream_options: { include_usage: true },
    });
    await scene.proxy.stop();
    await expect(answer.text()).rejects.toThrow();
  });
});
