import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import type { AppError } from '@wakefield/domain';
import type { BodyReader, ClientCall } from '../server/client-call.ts';
import { createBodyRoom } from './body-room.ts';
import { readBody } from './read-body.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const mebi = 1 << 20;

function heldBytes(): number {
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function reading(maxBytes: number) {
  let reader: BodyReader | null = null;
  let hungUp = 0;
  const client = {
    header: () => undefined,
    takeWholeBody: () => null,
    letBodyCome: () => undefined,
    hangUp: () => {
      hungUp += 1;
    },
    readBody: (one: BodyReader) => {
      reader = one;
    },
  } as unknown as ClientCall;
  const room = createBodyRoom(64 * mebi);
  const results: (Buffer | AppError)[] = [];
  const limits = { maxBytes, timeoutMs: 60_000 };
  readBody(client, limits, room.shareOf('demo' as never), (result) => void results.push(result));
  return {
    room,
    results,
    /** Whoever reads at the moment. */
    reader: () => reader as unknown as BodyReader,
    hungUp: () => hungUp,
  };
}

/** Slices of reads of 10,000 bytes, as a parser of chunks hands them on. */
function sendBytes(reader: () => BodyReader, count: number): void {
  for (let sent = 0; sent < count; ) {
    const read = Buffer.allocUnsafeSlow(10_000);
    for (let at = 0; at < read.length && sent < count; at += 1, sent += 1) {
      read[at] = sent % 251;
      reader().piece(read.subarray(at, at + 1));
    }
  }
}

describe('a body in pieces of one byte', () => {
  it('takes room for its bytes, little more memory, and is what was sent', () => {
    const before = heldBytes();
    const { room, results, reader } = reading(64 * mebi);
    sendBytes(reader, mebi);
    expect(room.taken).toBe(mebi);
    expect(heldBytes() - before).toBeLessThan(3 * mebi);
    reader().end();
    const [body] = results;
    if (!Buffer.isBuffer(body)) throw new Error('no body');
    expect(body.equals(Buffer.from(Uint8Array.from({ length: mebi }, (_, at) => at % 251)))).toBe(
      true,
    );
  });

  it('is refused when it comes in too many, and not listened to for long', () => {
    const { room, results, reader, hungUp } = reading(mebi);
    sendBytes(reader, 65_536);
    expect(results).toEqual([]);
    sendBytes(reader, 1);
    expect(results).toMatchObject([
      { code: 'payload_too_large', message: expect.stringContaining('65536 pieces') },
    ]);
    expect(room.taken).toBe(0);
    sendBytes(reader, 4096);
    expect(hungUp()).toBe(0);
    sendBytes(reader, 1);
    expect(hungUp()).toBe(1);
    reader().end();
  });

  it('gives all of it back when it is too large', () => {
    const { room, results, reader } = reading(100_000);
    sendBytes(reader, 100_001);
    expect(results).toMatchObject([{ code: 'payload_too_large' }]);
    expect(room.taken).toBe(0);
    reader().end();
  });

  it('gives all of it back when its client goes', () => {
    const { room, results, reader } = reading(100_000);
    sendBytes(reader, 50_000);
    reader().lost();
    expect([room.taken, results]).toEqual([0, []]);
  });
});
