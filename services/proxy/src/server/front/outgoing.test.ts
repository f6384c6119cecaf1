import type { Socket } from 'node:net';
import { PassThrough, Writable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { Outgoing } from './outgoing.ts';

/** Text of a chunked body, and how many chunks it had. */
function unchunked(wire: string): { readonly text: string; readonly chunks: number } {
  let text = '';
  let chunks = 0;
  for (let at = 0; ; chunks += 1) {
    const end = wire.indexOf('\r\n', at);
    const size = Number.parseInt(wire.slice(at, end), 16);
    if (size === 0) return { text, chunks };
    text += wire.slice(end + 2, end + 2 + size);
    at = end + 2 + size + 2;
  }
}

describe('an answer in pieces of one byte', () => {
  it.each([100, 1000, 50_000])('is the same answer, in few chunks: %i in a turn', async (count) => {
    const socket = new PassThrough({ highWaterMark: 1 << 20 });
    const outgoing = new Outgoing(socket as unknown as Socket, () => undefined);
    outgoing.begin({ text: 'head\r\n\r\n', framing: 'chunks' });
    const sent = Array.from({ length: count }, (_, index) =>
      String.fromCharCode(97 + (index % 26)),
    );
    for (const letter of sent) outgoing.write(Buffer.from(letter));
    outgoing.end();
    await turn();
    const wire = String(socket.read());
    const { text, chunks } = unchunked(wire.slice('head\r\n\r\n'.length));
    expect(text).toBe(sent.join(''));
    expect(chunks).toBeLessThanOrEqual(128 + count / 128);
  });
});

/** A socket that takes nothing until it is told to. */
function slowSocket() {
  const taken: string[] = [];
  let take: () => void = () => undefined;
  const socket = new Writable({
    highWaterMark: 100,
    write: (bytes, _, done) => {
      taken.push(String(bytes));
      take = () => done();
    },
  });
  return { socket: socket as unknown as Socket, taken, take: () => take() };
}

describe('who was told that there is no room', () => {
  it('goes on when the socket has taken what waited there, whether or not it says so', async () => {
    const { socket, taken, take } = slowSocket();
    const outgoing = new Outgoing(socket, () => undefined);
    let times = 0;
    outgoing.begin({ text: '', framing: 'length' });
    expect(outgoing.write(Buffer.alloc(99, 'a'))).toBe(true);
    await turn();
    expect(outgoing.write(Buffer.alloc(2, 'b'))).toBe(false);
    outgoing.onceDrained(() => {
      times += 1;
    });
    // Before the end of the turn, and so before the socket has heard of the rest: it has nothing to tell.
    take();
    await turn();
    expect(taken).toEqual(['a'.repeat(99), 'bb']);
    expect(times).toBe(1);
  });
});

describe('what waits for the end of the turn', () => {
  it('goes out before, where its connection is about to end', async () => {
    const { socket, taken } = slowSocket();
    const outgoing = new Outgoing(socket, () => undefined);
    outgoing.begin({ text: 'head\r\n\r\n', framing: 'length' });
    outgoing.end(Buffer.from('body'));
    expect(taken).toEqual([]);
    outgoing.flush();
    expect(taken).toEqual(['head\r\n\r\nbody']);
    await turn();
    expect(taken).toHaveLength(1);
  });
});
