import { describe, expect, it } from '@jest/globals';
import { memoryFor } from '../body-memory.ts';
import { RequestBody } from './request-body.ts';

const bytes = 3_000_000;

/** A body and how much of it is counted. */
function arrived() {
  let counted = bytes;
  const body = new RequestBody({
    take: () => true,
    give: (given) => {
      counted -= given;
    },
  });
  const memory = memoryFor(bytes);
  body.arrived(memory);
  return { body, memory, counted: () => counted };
}

/** Whether the next body has the memory of this one; it is not given back again. */
const isUsedAgain = (memory: Buffer) => memoryFor(bytes).buffer === memory.buffer;

describe('the body of a request', () => {
  it('is given back when nobody needs it and no socket holds it', () => {
    const { body, memory, counted } = arrived();
    body.sending(body.bytes);
    body.drop(true);
    expect([body.bytes.length, counted()]).toEqual([0, 0]);
    expect(isUsedAgain(memory)).toBe(true);
  });

  it('takes the copy along that was sent instead', () => {
    const { body, memory } = arrived();
    const copy = memoryFor(bytes);
    body.sending(copy);
    body.drop(true);
    const next = [memoryFor(bytes).buffer, memoryFor(bytes).buffer];
    expect(new Set(next)).toEqual(new Set([memory.buffer, copy.buffer]));
  });

  it.each([
    ['a socket holds it', 1, false],
    ['it was sent before, to whoever may still read it', 2, true],
    ['it was never sent', 0, true],
  ])('is let go of, but not given back where %s', (_, times, isTaken) => {
    const { body, memory, counted } = arrived();
    for (let count = 0; count < times; count += 1) {
      body.lost();
      body.sending(body.bytes);
    }
    expect(body.wasSent).toBe(times > 0);
    body.drop(isTaken);
    expect([body.bytes.length, counted()]).toEqual([0, 0]);
    expect(isUsedAgain(memory)).toBe(false);
  });

  it('is dropped once', () => {
    const { body, memory, counted } = arrived();
    body.sending(body.bytes);
    body.drop(true);
    const next = memoryFor(bytes);
    expect(next.buffer).toBe(memory.buffer);
    body.drop(true);
    expect(counted()).toBe(0);
    expect(isUsedAgain(memory)).toBe(false);
  });
});
