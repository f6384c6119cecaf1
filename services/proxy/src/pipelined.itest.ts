import { describe, expect, it } from '@jest/globals';
import { chunk, done, role, sseHeaders } from '../test/engine.ts';
import { until } from '../test/harness.ts';
import { rawClient, rawHead, rawRequest } from '../test/raw.ts';
import { useScene } from '../test/scene.ts';

const scene = useScene();

describe('a request behind a long stream on one connection', () => {
  it('is no stalled client: its answer waits for its turn', async () => {
    await scene.restart({}, { stallMs: 50 });
    const large = JSON.stringify({ text: 'x'.repeat(1_000_000) });
    const finish = Promise.withResolvers<void>();
    scene.engine.answer((response, { body }) => {
      if (!body.includes('stream')) {
        response.end(large);
        return;
      }
      response.writeHead(200, sseHeaders);
      for (const piece of [role, chunk({ content: 'one' })]) response.write(piece);
      void finish.promise.then(() => response.end(done));
    });
    const client = await rawClient(scene.proxy.port);
    client.send(rawRequest('{"model":"a/b","stream":true}') + rawRequest('{"model":"a/b"}'));
    await until('both answered', () => scene.engine.seen.length === 2);
    await new Promise((resolve) => setTimeout(resolve, 300));
    finish.resolve();
    await until('all there', () => client.text().includes('"}'.padStart(1000, 'x')));
    expect(client.text()).toContain('data: [DONE]');
    client.send('GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    expect(await client.closed()).toContain('"status":"OK"');
  });
});

describe('a request that breaks off behind others that are complete', () => {
  it('is refused behind their answers', async () => {
    const client = await rawClient(scene.proxy.port);
    const health = 'GET /health HTTP/1.1\r\nhost: x\r\n\r\n';
    const broken = `${rawHead('transfer-encoding: chunked\r\n')}f\r\n{"model":"a/b"}\r\n0\r\nx\r\n\r\n`;
    client.send(health + health + broken);
    const answers = (await client.closed()).match(/^HTTP\/1\.1 \d{3}|(?<=})HTTP\/1\.1 \d{3}/g);
    expect(answers).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 400']);
  });
});
