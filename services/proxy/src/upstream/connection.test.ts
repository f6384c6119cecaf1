import { Duplex } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
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

function sent(body: string) {
  const channel = new Channel();
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
  return { channel, listener, freed };
}

describe('a request on its connection', () => {
  it.each([
    ['a short one', 10, [1]],
    ['a long one', 100_000, [2]],
  ])('is one write, head and body together: %s', (_, size, writes) => {
    const { channel } = sent('x'.repeat(size));
    expect(channel.writes).toEqual(writes);
    expect(channel.text).toBe(`POST / HTTP/1.1\r\nx: \xe4\r\n\r\n${'x'.repeat(size)}`);
  });

  it('frees it once, with what the engine says', async () => {
    const { channel, listener, freed } = sent('x');
    channel.push('HTTP/1.1 200 OK\r\nkeep-alive: timeout=7\r\ncontent-length: 2\r\n\r\nab');
    await new Promise(setImmediate);
    expect(listener).toMatchObject({ body: 'ab', ended: true });
    expect(freed).toEqual([7]);
    channel.push(null);
    await new Promise(setImmediate);
    expect(freed).toEqual([7, -1]);
  });

  it('is told of the error that its channel ends with', async () => {
    const { channel, listener, freed } = sent('x');
    channel.push('HTTP/1.1 200 OK\r\n\r\nab');
    await new Promise(setImmediate);
    channel.destroy(Object.assign(new Error('the ssh connection was lost'), { code: 'WAY_LOST' }));
    await new Promise(setImmediate);
    expect(listener).toMatchObject({ body: 'ab', ended: false, error: { code: 'WAY_LOST' } });
    expect(freed).toEqual([-1]);
  });

  it('is not complete when its channel is just taken away', async () => {
    const { channel, listener } = sent('x');
    channel.push('HTTP/1.1 200 OK\r\n\r\nab');
    await new Promise(setImmediate);
    channel.destroy();
    await new Promise(setImmediate);
    expect(listener.error?.message).toBe('the connection was closed');
  });
});
