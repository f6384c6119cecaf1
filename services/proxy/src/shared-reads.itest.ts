import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { until } from '../test/harness.ts';
import { rawHead, rawRequest, useRawClients } from '../test/raw.ts';
import { useScene } from '../test/scene.ts';
import { readAsStream, readShared } from './shared-reads.ts';

describe('a socket that reads into the shared buffer', () => {
  const server = createServer();
  let client: Socket;
  let accepted: Socket;
  let came: string;
  const takenIn = (): boolean =>
    readShared(accepted, (bytes) => {
      came += bytes.toString();
    });

  beforeEach(async () => {
    came = '';
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const connected = once(server, 'connection');
    client = connect((server.address() as AddressInfo).port, '127.0.0.1');
    [accepted] = await connected;
  });
  afterEach(async () => {
    client.destroy();
    accepted.destroy();
    server.close();
    await once(server, 'close');
  });

  it('tells what comes at once, and none of it in the stream', async () => {
    // Else this Node has it in another way, and nothing is won.
    expect(takenIn()).toBe(true);
    accepted.on('data', () => {
      came += 'in the stream';
    });
    client.write('one');
    await until('there', () => came === 'one');
    client.end('two');
    await once(accepted, 'end');
    expect(came).toBe('onetwo');
  });

  it('is a stream again when it is told to be, with nothing lost, and waits for who reads', async () => {
    takenIn();
    client.write('one');
    await until('there', () => came === 'one');
    readAsStream(accepted);
    accepted.pause();
    const large = Buffer.alloc(1 << 20, 'abc');
    client.write(large);
    await until('full', () => accepted.readableLength >= accepted.readableHighWaterMark);
    let read = Buffer.alloc(0);
    accepted.on('data', (bytes: Buffer) => {
      read = Buffer.concat([read, bytes]);
    });
    accepted.resume();
    await until('all of it', () => read.length === large.length);
    expect(read.equals(large)).toBe(true);
    expect(came).toBe('one');
  });

  it('reads nothing while it is paused', async () => {
    takenIn();
    accepted.pause();
    client.write('one');
    await until('sent', () => client.writableLength === 0);
    for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
    expect(came).toBe('');
    accepted.resume();
    await until('there', () => came === 'one');
  });
});

describe('requests of many clients whose pieces come by turns', () => {
  const scene = useScene();
  const openAt = useRawClients();
  const bodyOf = (client: number, size: number) =>
    JSON.stringify({ model: 'a/b', pad: String(client % 10).repeat(size + client) });

  it.each([10, 5000, 90_000, 300_000])('arrive as they were sent: %d bytes', async (size) => {
    const clients = await Promise.all(Array.from({ length: 12 }, () => openAt(scene.proxy.port)));
    const requests = clients.map((_, index) => rawRequest(bodyOf(index, size)));
    const pieces = 7;
    for (let piece = 0; piece < pieces; piece += 1) {
      for (const [index, client] of clients.entries()) {
        const request = requests[index] ?? '';
        const step = Math.ceil(request.length / pieces);
        client.send(request.slice(piece * step, (piece + 1) * step));
      }
      await new Promise(setImmediate);
    }
    await until('answered', () => clients.every((one) => one.text().includes('HTTP/1.1 200')));
    const seen = scene.engine.seen.map(({ body }) => body).toSorted();
    expect(seen).toEqual(clients.map((_, index) => bodyOf(index, size)).toSorted());
  });

  it('do so, too, where most of them are there with their heads', async () => {
    const [one, other] = [await openAt(scene.proxy.port), await openAt(scene.proxy.port)];
    const [first, second] = [bodyOf(1, 40_000), bodyOf(2, 40_000)];
    const head = (body: string) => rawHead(`content-length: ${body.length}\r\n`);
    one.send(head(first) + first.slice(0, -9));
    other.send(head(second) + second.slice(0, -9));
    await until('sent', () => one.socket.writableLength + other.socket.writableLength === 0);
    for (let turn = 0; turn < 3; turn += 1) await fetch(`${scene.proxy.url}/health`);
    // What is behind the first is kept until that is answered.
    one.send(first.slice(-9) + head(second) + second);
    other.send(second.slice(-9));
    await until('answered', () => scene.engine.seen.length === 3);
    const seen = scene.engine.seen.map(({ body }) => body).toSorted();
    expect(seen).toEqual([first, second, second].toSorted());
  });
});
