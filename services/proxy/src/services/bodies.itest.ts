import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { until } from '../../test/harness.ts';
import { rawClient } from '../../test/raw.ts';
import { pathTo, serviceRoute, startServer } from '../../test/service.ts';
import { useServiceScene } from '../../test/service-scene.ts';

const scene = useServiceScene();

describe('bodies that are larger than memory should hold', () => {
  it('pass in both directions, byte by byte', async () => {
    const echo = await startServer((request, response) => {
      response.writeHead(200);
      request.pipe(response);
    });
    await scene.serve({ ...scene.storage, endpoint: serviceRoute(echo.port).endpoint });
    const piece = randomBytes(1 << 20);
    let left = 64;
    const sent = createHash('sha256');
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        if (left === 0) controller.close();
        else {
          left -= 1;
          piece[0] = left;
          sent.update(piece);
          controller.enqueue(new Uint8Array(piece));
        }
      },
    });
    const answer = await scene.ask(pathTo(scene.storage), {
      method: 'PUT',
      body,
      duplex: 'half',
    } as RequestInit);
    const read = createHash('sha256');
    let size = 0;
    for await (const bytes of answer.body as unknown as AsyncIterable<Uint8Array>) {
      read.update(bytes);
      size += bytes.length;
    }
    expect(size).toBe(64 << 20);
    expect(read.digest('hex')).toBe(sent.digest('hex'));
    await echo.close();
  });

  it('wait for who reads slowly', async () => {
    let written = 0;
    scene.engine.answer(async (response, seen) => {
      response.writeHead(200);
      let goOn = (): void => undefined;
      response.on('drain', () => goOn()).on('close', () => goOn());
      while (!seen.aborted) {
        written += 1;
        if (response.write(Buffer.alloc(1 << 16))) continue;
        await new Promise<void>((resolve) => {
          goOn = resolve;
        });
      }
    });
    const client = await rawClient(scene.proxy.port);
    client.socket.pause();
    client.send(
      `GET ${pathTo(scene.storage)} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer user-of-demo\r\n\r\n`,
    );
    await until('held up', async () => {
      const before = written;
      await new Promise((resolve) => setTimeout(resolve, 200));
      return written > 0 && written === before;
    });
    // What sockets and streams hold on the way, and no more.
    expect(written).toBeLessThan(512);
    client.socket.destroy();
    await until('told', () => scene.engine.seen[0]?.aborted === true);
  });

  it('end with an answer that comes before they do', async () => {
    const refusing = await startServer((_request, response) => {
      response.writeHead(413).end('no');
    });
    await scene.serve({ ...scene.storage, endpoint: serviceRoute(refusing.port).endpoint });
    const client = await rawClient(scene.proxy.port);
    client.send(
      `POST ${pathTo(scene.storage)} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer user-of-demo\r\nContent-Length: 1000000\r\n\r\nbegun`,
    );
    await until('answered', () => /^HTTP\/1\.1 413 /.test(client.text()));
    client.send('x'.repeat(1_000_000 - 5));
    client.send('GET /health HTTP/1.1\r\nHost: a\r\n\r\n');
    await until('the next one', () => client.text().includes('"status":"OK"'));
    client.socket.destroy();
    await refusing.close();
  });
});
