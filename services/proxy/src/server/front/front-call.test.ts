import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { FrontCall, type Line } from './front-call.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const head = { method: 'POST', rawHeaders: [], said: [] } as unknown as ConstructorParameters<
  typeof FrontCall
>[1];
const line = { wait: () => undefined, goOn: () => undefined } as unknown as Line;

/** Reads bodies as inference does: what it was given is where it was put. */
function readInto(pieces: Buffer[]) {
  return {
    piece: (bytes: Buffer) => void pieces.push(bytes),
    end: () => void Buffer.concat(pieces),
    lost: () => undefined,
  };
}

/** In a frame of its own, so that nothing of it is left on the stack. */
function callWithBody(): { readonly call: FrontCall; readonly body: WeakRef<ArrayBufferLike> } {
  const call = new FrontCall(line, head, null, false);
  const bytes = Buffer.alloc(1 << 20);
  call.readBody(readInto([]));
  call.piece(bytes);
  call.bodyOver();
  return { call, body: new WeakRef(bytes.buffer) };
}

function callWithWholeBody() {
  const bytes = Buffer.alloc(1 << 20);
  const call = new FrontCall(line, head, bytes, false);
  const length = call.takeWholeBody()?.length;
  return { call, length, body: new WeakRef(bytes.buffer) };
}

describe('a call that waits for its answer, or whose connection is idle', () => {
  it('keeps nothing of a body that was read', async () => {
    const { call, body } = callWithBody();
    await turn();
    collectGarbage();
    expect(body.deref()).toBeUndefined();
    expect(call.finished).toBe(false);
  });

  it('keeps nothing of one that came with its head', async () => {
    const { call, length, body } = callWithWholeBody();
    await turn();
    collectGarbage();
    expect(body.deref()).toBeUndefined();
    expect([length, call.takeWholeBody()]).toEqual([1 << 20, null]);
  });
});

it('what waits for a reader waits in few pieces, however small they came', () => {
  const call = new FrontCall(line, head, null, false);
  const sent = Buffer.from(Uint8Array.from({ length: 60_000 }, (_, at) => at % 251));
  for (let at = 0; at < sent.length; at += 1) call.piece(Buffer.from(sent.subarray(at, at + 1)));
  const pieces: Buffer[] = [];
  call.readBody(readInto(pieces));
  expect(pieces.length).toBeLessThan(10);
  expect(Buffer.concat(pieces).equals(sent)).toBe(true);
});
