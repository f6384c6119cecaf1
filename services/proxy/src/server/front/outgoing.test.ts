import type { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
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
