import { createServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { expect, test } from '@jest/globals';
import type { Address } from '@wakefield/domain';
import type { Scene } from './scene.ts';
import { listenAndTell, quote } from './scene.ts';

/** A server that sends back what it gets, closes when its peer does, and closes at once on `bye`. */
const echo = `
const server = require('node:net').createServer({ allowHalfOpen: true }, (socket) => {
  socket.on('data', (data) => (data.toString() === 'bye' ? socket.end('bye') : socket.write(data)));
  socket.on('end', () => socket.end());
  socket.on('error', () => {});
});
${listenAndTell}`;

export function reachingTests(scene: () => Scene): void {
  async function startEcho(): Promise<Address> {
    const { driver, signal, newName, job, sightUntil } = scene();
    const name = newName();
    await driver.submit(job(name, [`exec ${quote(process.execPath)} -e ${quote(echo)}`]), signal);
    const { address } = await sightUntil(name, (sighting) => sighting.address !== null);
    if (address === null) throw new Error('no address');
    return address;
  }

  test('carries bytes to a job and back, unchanged and at length', async () => {
    const { driver, signal } = scene();
    const socket = await driver.transport.connect(await startEcho(), signal);
    const sent = Buffer.alloc(5 << 20, 'wakefield \u00e4 ');
    const back = receive(socket, sent.length);
    socket.write(sent);
    expect((await back).equals(sent)).toBe(true);
    socket.end();
    await closed(socket);
  });

  test('notices when the other side closes, though nobody reads', async () => {
    const { driver, signal } = scene();
    const socket = await driver.transport.connect(await startEcho(), signal);
    const back = receive(socket, 3);
    socket.write('bye');
    expect((await back).toString()).toBe('bye');
    await closed(socket);
    expect(socket.destroyed).toBe(true);
  });

  test('carries many connections at once', async () => {
    const { driver, signal } = scene();
    const address = await startEcho();
    const answers = Array.from({ length: 30 }, async (_, index) => {
      const socket = await driver.transport.connect(address, signal);
      const text = `stream ${index}`;
      const back = receive(socket, text.length);
      socket.write(text);
      const answer = (await back).toString();
      socket.destroy();
      return answer === text;
    });
    expect((await Promise.all(answers)).every(Boolean)).toBe(true);
  });

  test('says that nobody listens', async () => {
    const { driver, signal } = scene();
    const port = await unusedPort();
    await expect(
      driver.transport.connect({ host: '127.0.0.1', port }, signal),
    ).rejects.toMatchObject({
      name: 'ClusterError',
      kind: 'unreachable',
    });
  });

  test('does not dial when it is told to give up', async () => {
    const { driver } = scene();
    const address = await startEcho();
    await expect(driver.transport.connect(address, AbortSignal.abort())).rejects.toMatchObject({
      kind: 'unreachable',
    });
  });
}

function receive(socket: Duplex, length: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= length) resolve(Buffer.concat(chunks));
    });
    socket.once('error', reject);
  });
}

function closed(socket: Duplex): Promise<void> {
  if (socket.closed) return Promise.resolve();
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

async function unusedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
