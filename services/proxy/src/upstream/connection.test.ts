import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Listener } from '../../test/listener.ts';
import { noLimits } from '../../test/pool-scene.ts';
import { Connection } from './connection.ts';
import { UnderWay } from './under-way.ts';

/** A channel that counts how often it is written to. */
class Channel extends Duplex {
  readonly writes: number[] = [];
  text = '';

  override _read(): void {
    // Pushed as it is said.
  }

  override _write(bytes: Buffer, _: BufferEncoding, callback: () => void): void {
    this.#take([bytes]);
    callback();
  }

  override _writev(pieces: readonly { readonly chunk: Buffer }[], callback: () => void): void {
    this.#take(pieces.map(({ chunk }) => chunk));
    callback();
  }

  #take(pieces: readonly Buffer[]): void {
    this.writes.push(pieces.length);
    this.text += Buffer.concat(pieces).toString('latin1');
  }
}

function sent<C extends Duplex>(body: string, channel: C) {
  const freed: (number | null)[] = [];
  const connection = new Connection(channel, {
    free: (_, keepSeconds) => freed.push(keepSeconds),
    closed: () => freed.push(-1),
  });
  const listener = new Listener();
  const request = new UnderWay(listener, noLimits, () => undefined);
  request.start();
  request.sentOn(connection, 0);
  connection.send(request, 'POST / HTTP/1.1\r\nx: \xe4\r\n\r\n', Buffer.from(body));
  return { channel, connection, listener, freed };
}

describe('a request on its connection', () => {
  it.each([
    ['a short one', 10, [1]],
    ['a long one', 100_000, [2]],
  ])('is one write, head and body together: %s', async (_, size, writes) => {
    const { channel } = sent('x'.repeat(size), new Channel());
    await turn();
    expect(channel.writes).toEqual(writes);
    expect(channel.text).toBe(`POST / HTTP/1.1\r\nx: \xe4\r\n\r\n${'x'.repeat(size)}`);
  });

  it('frees it once, with what the engine says', async () => {
    const { channel, listener, freed } = sent('x', new Channel());
    await turn();
    channel.push('HTTP/1.1 200 OK\r\nkeep-alive: timeout=7\r\ncontent-length: 2\r\n\r\nab');
    await turn();
    expect(listener).toMatchObject({ body: 'ab', ended: true });
    expect(freed).toEqual([7]);
    channel.push(null);
    await turn();
    expect(freed).toEqual([7, -1]);
  });

  it('is told of the error that its channel ends with', async () => {
    const { channel, listener, freed } = sent('x', new Channel());
    await turn();
    channel.push('HTTP/1.1 200 OK\r\n\r\nab');
    await turn();
    channel.destroy(Object.assign(new Error('the ssh connection was lost'), { code: 'WAY_LOST' }));
    await turn();
    expect(listener).toMatchObject({ body: 'ab', ended: false, error: { code: 'WAY_LOST' } });
    expect(freed).toEqual([-1]);
  });

  it('is not complete when its channel is just taken away', async () => {
    const { channel, listener } = sent('x', new Channel());
    await turn();
    channel.push('HTTP/1.1 200 OK\r\n\r\nab');
    await turn();
    channel.destroy();
    await turn();
    expect(listener.error?.message).toBe('the connection was closed');
  });

  it('is not answered by what came before it was sent: its engine has given the connection up', async () => {
    const { channel, listener, freed } = sent('x', new Channel());
    channel.push('HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n');
    await turn();
    expect(listener.error?.message).toBe('the engine spoke before it was asked');
    expect(channel.writes).toEqual([]);
    expect(freed).toEqual([-1]);
  });
});

describe('the bytes of a request', () => {
  const open: Socket[] = [];
  const server = createServer({ pauseOnConnect: true }, (socket) => open.push(socket));
  beforeAll(() => once(server.listen(0, '127.0.0.1'), 'listening'));
  afterAll(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });

  async function connected(): Promise<Socket> {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    await once(socket, 'connect');
    return socket;
  }

  it('are with the system once a socket has written all of them, and not before they are on their way', async () => {
    const { connection, channel } = sent('x', await connected());
    expect(connection.isTaken).toBe(false);
    await turn();
    expect(connection.isTaken).toBe(true);
    connection.close();
    expect(connection.isTaken).toBe(false);
    expect(channel.destroyed).toBe(true);
  });

  it('are held while the other side does not read', async () => {
    const { connection, channel } = sent('x'.repeat(16 * 1024 * 1024), await connected());
    await turn();
    expect(connection.isTaken).toBe(false);
    for (const socket of open) socket.resume();
    await once(channel, 'drain');
    expect(connection.isTaken).toBe(true);
    connection.close();
  });

  it('may be held by any other channel, whatever that says', async () => {
    const { connection, channel } = sent('x', new Channel());
    await turn();
    expect(channel.writableLength).toBe(0);
    expect(connection.isTaken).toBe(false);
  });
});
